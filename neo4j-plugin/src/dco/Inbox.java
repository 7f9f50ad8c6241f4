package dco;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Log bytes that came from another server, in files that Neo4j's own log reader takes. Nothing here must outlive the
 * server: after a restart it is fetched again.
 */
final class Inbox {
    private static final String NAME = "neostore.transaction.db.";

    private final Path directory;

    /** Begins with an empty inbox, whatever was left of another. */
    Inbox(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory);
        for (Path path : files()) {
            Files.delete(path);
        }
    }

    Path directory() {
        return directory;
    }

    /** Writes bytes to where they were in the other server's log. */
    void write(long version, long offset, byte[] data) throws IOException {
        try (FileChannel channel =
                FileChannel.open(path(version), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(data);
            while (bytes.hasRemaining()) {
                channel.write(bytes, offset + bytes.position());
            }
        }
    }

    /** Says whether anything of a file has come. */
    boolean has(long version) {
        return Files.exists(path(version));
    }

    /** Removes the files before this one: all of them is applied. */
    void dropBefore(long version) throws IOException {
        for (Path path : files()) {
            if (Long.parseLong(path.getFileName().toString().substring(NAME.length())) < version) {
                Files.delete(path);
            }
        }
    }

    private Path path(long version) {
        return directory.resolve(NAME + version);
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.filter(path -> path.getFileName().toString().startsWith(NAME)).toList();
        }
    }
}
