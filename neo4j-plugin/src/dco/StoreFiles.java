package dco;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.neo4j.io.layout.DatabaseLayout;

/**
 * The files that make up a copy of a store: those of the store itself under `store/`, the checkpoints under `log/`. The
 * log's own files come by {@link LogBytes}, which knows how far they are good.
 */
final class StoreFiles {
    private static final int MOST_BYTES = 8 << 20;
    private static final String STORE = "store/";
    private static final String LOG = "log/";
    private static final String CHECKPOINT = "checkpoint.";

    private final Path store;
    private final Path log;

    StoreFiles(DatabaseLayout layout) {
        this.store = layout.databaseDirectory();
        this.log = layout.getTransactionLogsDirectory();
    }

    /** A file's name, as {@link #read} takes it, and its size in bytes. */
    record Entry(String name, long size) {}

    /** Lists the files, by name. */
    List<Entry> list() throws IOException {
        try (Stream<Path> stores = Files.walk(store); Stream<Path> logs = Files.list(log)) {
            Stream<Entry> first = stores.filter(Files::isRegularFile)
                    .filter(path -> !path.getFileName().toString().equals("database_lock"))
                    .flatMap(path -> entry(STORE + store.relativize(path), path));
            Stream<Entry> second = logs.filter(StoreFiles::isCheckpoint)
                    .flatMap(path -> entry(LOG + path.getFileName(), path));
            return Stream.concat(first, second).sorted((a, b) -> a.name().compareTo(b.name())).toList();
        }
    }

    /** Gives at most so many bytes of a listed file from an offset; fewer at its end, none behind it. */
    byte[] read(String name, long offset, long count) throws IOException {
        Path path = find(name);
        ByteBuffer bytes = ByteBuffer.allocate((int) Math.min(count, MOST_BYTES));
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            int got = 0;
            while (bytes.hasRemaining() && got >= 0) {
                got = channel.read(bytes, offset + bytes.position());
            }
        } catch (NoSuchFileException gone) {
            throw Refusal.because("There is no file " + name + " any more.");
        }
        return Arrays.copyOf(bytes.array(), bytes.position());
    }

    private Path find(String name) throws IOException {
        Path path = null;
        if (name.startsWith(STORE)) {
            path = inside(store, name.substring(STORE.length()));
        } else if (name.startsWith(LOG + CHECKPOINT)) {
            path = inside(log, name.substring(LOG.length()));
        }
        if (path == null) {
            throw Refusal.forbidden(name + " is not a file of this store.");
        }
        return path;
    }

    /** Gives the path if, with every link followed, it is below the directory; null otherwise. */
    private static Path inside(Path directory, String name) throws IOException {
        try {
            Path path = directory.resolve(name);
            boolean plain = path.equals(path.normalize()) && path.startsWith(directory);
            return plain && Files.isRegularFile(path) && path.toRealPath().startsWith(directory.toRealPath())
                    ? path : null;
        } catch (InvalidPathException | NoSuchFileException none) {
            return null;
        }
    }

    private static boolean isCheckpoint(Path path) {
        return path.getFileName().toString().startsWith(CHECKPOINT);
    }

    /** Lucene removes temporary files as it goes: one that is gone is not part of the store. */
    private static Stream<Entry> entry(String name, Path path) {
        try {
            return Stream.of(new Entry(name, Files.size(path)));
        } catch (IOException gone) {
            return Stream.empty();
        }
    }
}
