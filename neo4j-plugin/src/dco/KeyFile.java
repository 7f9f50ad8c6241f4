package dco;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;

/**
 * The file that holds the key: a line of hexadecimal digits, 32 bytes or more; a second line while the key is being
 * replaced. It is read at every call, so that a new key needs no restart.
 */
final class KeyFile {
    private static final int LEAST_BYTES = 32;
    private static final Set<PosixFilePermission> OWNER_ONLY =
            Set.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE);

    private final Path path;
    private final Predicate<Path> loadable;

    /** The predicate says which files Cypher can load as data. */
    KeyFile(Path path, Predicate<Path> loadable) {
        this.path = path;
        this.loadable = loadable;
    }

    /** Gives the keys; refuses, with the reason, a file that is missing, open to others or no key. */
    List<byte[]> read() {
        try {
            if (loadable.test(path.toRealPath())) {
                throw Refusal.forbidden("LOAD CSV can read the key file " + path.getFileName() + ": nobody may call."
                        + " Set server.directories.import to a directory without it.");
            }
            if (!OWNER_ONLY.containsAll(Files.getPosixFilePermissions(path))) {
                throw Refusal.forbidden("The key file " + path.getFileName()
                        + " is open to others than its owner: nobody may call. Give it mode 0600.");
            }
            List<byte[]> keys = Files.readAllLines(path).stream()
                    .map(String::strip)
                    .filter(line -> !line.isEmpty())
                    .map(KeyFile::decode)
                    .toList();
            if (keys.isEmpty()) {
                throw unusable();
            }
            return keys;
        } catch (IOException missing) {
            throw Refusal.forbidden("The server has no readable key file " + path.getFileName() + ": nobody may call.");
        }
    }

    private static byte[] decode(String line) {
        try {
            byte[] key = HexFormat.of().parseHex(line);
            if (key.length >= LEAST_BYTES) {
                return key;
            }
        } catch (IllegalArgumentException notHexadecimal) {
            // falls through: the line itself must not be told
        }
        throw unusable();
    }

    private static Refusal unusable() {
        return Refusal.forbidden("The server's key file holds no key of 32 bytes in hexadecimal digits: nobody may call.");
    }
}
