package dco;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.neo4j.kernel.impl.transaction.log.CommandBatchCursor;
import org.neo4j.kernel.impl.transaction.log.LogPosition;
import org.neo4j.kernel.impl.transaction.log.LogicalTransactionStore;
import org.neo4j.kernel.impl.transaction.log.NoSuchLogEntryException;
import org.neo4j.kernel.impl.transaction.log.entry.LogHeader;
import org.neo4j.kernel.impl.transaction.log.files.LogFile;
import org.neo4j.kernel.impl.transaction.log.files.LogFiles;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;
import org.neo4j.storageengine.api.TransactionId;

/**
 * Bytes of a database's transaction log, as far as transactions are closed: an append that is half written, or whose
 * commit could still fail, is never among them.
 */
final class LogBytes {
    private static final int MOST_BYTES = 8 << 20;
    private static final long MOST_MILLIS = 10_000;

    private final Companion companion;
    private final LogFile log;

    LogBytes(Companion companion) {
        this.companion = companion;
        this.log = companion.resolve(LogFiles.class).getLogFile();
    }

    /**
     * Bytes from a position, and how far the log goes: `end` is where the last closed transaction ends, `fileEnd` how
     * far the file asked for is good. Read to `fileEnd` of a file that is not the last one, go on with the next. At `now`,
     * in milliseconds, it was not yet looked.
     */
    record Chunk(byte[] data, LogPosition end, long fileEnd, long transaction, long now) {}

    /** Where to begin in order to get every transaction after a given one; the file's first `header` bytes come first. */
    record Beginning(long version, long offset, long header) {}

    /** Gives at most `count` bytes from a position; if there are none yet, waits for them so many milliseconds. */
    Chunk read(long version, long offset, long count, long waitMillis) throws IOException, InterruptedException {
        long until = System.nanoTime() + Math.min(waitMillis, MOST_MILLIS) * 1_000_000;
        while (true) {
            long now = System.currentTimeMillis();
            ClosedTransactionMetadata closed = companion.closed();
            LogPosition end = closed.logPosition();
            long fileEnd = goodUntil(version, end);
            if (fileEnd > offset || end.getLogVersion() > version || System.nanoTime() >= until) {
                int length = (int) Math.max(0, Math.min(Math.min(count, MOST_BYTES), fileEnd - offset));
                byte[] data = readFile(version, offset, length);
                return new Chunk(data, end, fileEnd, closed.transactionId().id(), now);
            }
            Thread.sleep(1);
        }
    }

    /** Finds where the log goes on after a transaction; refuses if the log no longer reaches back so far. */
    Beginning locate(long transaction) throws IOException {
        ClosedTransactionMetadata closed = companion.closed();
        long behind = closed.transactionId().id() - transaction;
        if (behind < 0) {
            throw Refusal.because("Transaction " + transaction + " is not in this log, which ends with "
                    + closed.transactionId().id() + ": the other server did not come from this one.");
        }
        return behind == 0 ? beginning(closed.logPosition()) : search(transaction, closed.transactionId(), behind);
    }

    /** The log is indexed by how often it was appended to, which goes along with the numbers of transactions. */
    private Beginning search(long transaction, TransactionId last, long behind) throws IOException {
        LogicalTransactionStore store = companion.resolve(LogicalTransactionStore.class);
        try (CommandBatchCursor cursor = store.getCommandBatches(last.appendIndex() - behind)) {
            while (cursor.next() && cursor.get().txId() <= transaction) {
                if (cursor.get().txId() == transaction) {
                    return beginning(cursor.position());
                }
            }
        } catch (NoSuchLogEntryException pruned) {
            throw Refusal.because("The log no longer holds transaction " + transaction + ": take a new copy.", pruned);
        }
        throw Refusal.because("The log no longer holds transaction " + transaction + ": take a new copy.");
    }

    /** Gives the header's length with a position; enveloped logs are read from the start of a segment. */
    Beginning beginning(LogPosition position) throws IOException {
        LogHeader header = log.extractHeader(position.getLogVersion());
        long start = header.getStartPosition().getByteOffset();
        long segment = header.getSegmentBlockSize();
        long offset = segment > 0 ? position.getByteOffset() / segment * segment : position.getByteOffset();
        return new Beginning(position.getLogVersion(), Math.max(offset, start), start);
    }

    /** The oldest file of the log that is still there. */
    long lowestVersion() {
        return Line.lowestLogVersion(log);
    }

    /** The oldest file that a recovery from the last checkpoint would read. */
    long neededVersion() throws IOException {
        return companion.resolve(LogFiles.class)
                .getCheckpointFile()
                .findLatestCheckpoint()
                .map(last -> last.oldestNotVisibleTransactionLogPosition().getLogVersion())
                .orElseGet(this::lowestVersion);
    }

    /** How many bytes the log's files have. */
    long size() throws IOException {
        long sum = 0;
        for (Path path : companion.resolve(LogFiles.class).logFiles()) {
            try {
                sum += Files.size(path);
            } catch (NoSuchFileException pruned) {
                continue;
            }
        }
        return sum;
    }

    /** Deletes files older than a given one, but none that a recovery would read; gives the oldest that is left. */
    long prune(long before) throws IOException {
        long end = Math.min(before, neededVersion());
        for (long version = lowestVersion(); version < end; version++) {
            try {
                log.delete(version);
            } catch (NoSuchFileException pruned) {
                continue;
            }
        }
        return lowestVersion();
    }

    private long goodUntil(long version, LogPosition end) throws IOException {
        if (version > end.getLogVersion()) {
            return 0;
        }
        try {
            return version < end.getLogVersion() ? Files.size(path(version)) : end.getByteOffset();
        } catch (NoSuchFileException pruned) {
            throw Refusal.because("The log no longer holds file " + version + ": take a new copy.");
        }
    }

    private byte[] readFile(long version, long offset, int length) throws IOException {
        if (length == 0) {
            return new byte[0];
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        try (FileChannel channel = FileChannel.open(path(version), StandardOpenOption.READ)) {
            int got = 0;
            while (bytes.hasRemaining() && got >= 0) {
                got = channel.read(bytes, offset + bytes.position());
            }
        }
        return bytes.hasRemaining() ? Arrays.copyOf(bytes.array(), bytes.position()) : bytes.array();
    }

    private Path path(long version) {
        return log.getLogFileForVersion(version);
    }
}
