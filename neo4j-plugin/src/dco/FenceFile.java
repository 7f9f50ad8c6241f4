package dco;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The file that makes a fence outlive the server; it holds the reason, for whoever finds it. */
final class FenceFile {
    private final Path path;

    FenceFile(Path path) {
        this.path = path;
    }

    /** Says whether the fence stands; also if that can't be found out. */
    boolean stands() {
        return !Files.notExists(path);
    }

    /** Why the fence was raised; empty if it does not stand or can't be read. */
    String reason() {
        try {
            return Files.readString(path).strip();
        } catch (IOException gone) {
            return "";
        }
    }

    /** Puts the file on the disk, for good when this returns. */
    void write(String reason) {
        try {
            Files.createDirectories(path.getParent());
            Path draft = path.resolveSibling(path.getFileName() + ".draft");
            try (FileChannel channel = FileChannel.open(
                    draft, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                ByteBuffer text = ByteBuffer.wrap((reason + "\n").getBytes(StandardCharsets.UTF_8));
                while (text.hasRemaining()) {
                    channel.write(text);
                }
                channel.force(true);
            }
            Files.move(draft, path, StandardCopyOption.ATOMIC_MOVE);
            forceDirectory();
        } catch (IOException full) {
            throw new UncheckedIOException(full);
        }
    }

    /** Takes the file away, for good when this returns. */
    void remove() {
        try {
            if (Files.deleteIfExists(path)) {
                forceDirectory();
            }
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    private void forceDirectory() throws IOException {
        try (FileChannel directory = FileChannel.open(path.getParent(), StandardOpenOption.READ)) {
            directory.force(true);
        }
    }
}
