package dco;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.UUID;

/**
 * The name of a database's transaction log: two servers never write the same one, though their stores may be copies of
 * each other. It stays with the data directory, and is not part of a copy.
 */
final class LogName {
    private final Path path;
    private String name;

    LogName(Path path) {
        this.path = path;
    }

    /** Gives the name, made when it is first asked for. */
    synchronized String get() {
        try {
            if (name == null && !Files.exists(path)) {
                Files.createDirectories(path.getParent());
                Path draft = path.resolveSibling(path.getFileName() + ".draft");
                Files.writeString(draft, UUID.randomUUID() + "\n");
                Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
            }
            if (name == null) {
                name = Files.readString(path).strip();
            }
            return name;
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }
}
