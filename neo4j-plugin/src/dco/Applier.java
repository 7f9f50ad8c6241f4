package dco;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import org.neo4j.configuration.Config;
import org.neo4j.internal.kernel.api.exceptions.TransactionFailureException;
import org.neo4j.io.fs.FileSystemAbstraction;
import org.neo4j.kernel.BinarySupportedKernelVersions;
import org.neo4j.kernel.KernelVersionProvider;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.kernel.impl.transaction.log.CommittedCommandBatchCursor;
import org.neo4j.kernel.impl.transaction.log.LogPosition;
import org.neo4j.kernel.impl.transaction.log.ReadableLogChannel;
import org.neo4j.kernel.impl.transaction.log.files.LogFiles;
import org.neo4j.kernel.impl.transaction.log.files.LogFilesBuilder;
import org.neo4j.storageengine.api.StorageEngineFactory;

/**
 * Applies another server's log to the running store. It takes the log's bytes in order, whole transactions or not, and
 * commits what is complete; transactions that the store already has are passed over, so that bytes may come again.
 */
final class Applier {
    private final Companion companion;
    private final Inbox inbox;
    /** Before the first entry that is not applied; null until the first bytes behind a header have come. */
    private LogPosition position;
    private LogPosition received;
    private long triedInVain;
    private long applied;
    private long writtenMillis;
    private boolean retired;

    Applier(Companion companion, Path directory) {
        this.companion = companion;
        try {
            this.inbox = new Inbox(directory);
        } catch (IOException refused) {
            throw new UncheckedIOException(refused);
        }
    }

    /** How far it got: the position before what is not applied yet, transactions so far, and the last one's time. */
    record Progress(LogPosition position, long applied, long writtenMillis) {}

    synchronized Progress progress() {
        return new Progress(position, applied, writtenMillis);
    }

    /** Returns when nothing is being applied, and lets nothing be applied from then on. */
    synchronized void retire() {
        retired = true;
    }

    /**
     * Takes the next bytes of the log. A file begins with its header, alone, at offset 0. `boundary` says that a
     * transaction ends where these bytes end. Without it the log is read only when it has doubled since it was last
     * read in vain: a transaction that comes in a hundred pieces must not be read a hundred times.
     */
    synchronized Progress apply(long version, long offset, byte[] data, boolean boundary)
            throws IOException, TransactionFailureException {
        if (retired) {
            throw Refusal.because("Another caller follows now, or nobody does: begin to follow again.");
        }
        demandNext(version, offset);
        inbox.write(version, offset, data);
        if (offset == 0) {
            received = new LogPosition(version, data.length);
            return progress();
        }
        if (position == null) {
            position = new LogPosition(version, offset);
        }
        received = new LogPosition(version, offset + data.length);
        long waiting = waiting();
        if (boundary || waiting >= 2 * triedInVain) {
            long before = applied;
            applyComplete();
            triedInVain = applied == before ? waiting : 0;
        }
        return progress();
    }

    /** Bytes must follow those before; only behind the very first header the beginning may be anywhere. */
    private void demandNext(long version, long offset) {
        boolean follows = offset == 0 ? isNextFile(version) : isNextIn(version, offset);
        if (!follows) {
            throw Refusal.because("These bytes of file " + version + " from " + offset + " on do not follow "
                    + (received == null ? "anything: a file begins with its header" : "those until " + received)
                    + ". Begin to follow again.");
        }
    }

    private boolean isNextFile(long version) {
        return position == null || version == received.getLogVersion() + 1;
    }

    private boolean isNextIn(long version, long offset) {
        if (received == null || version != received.getLogVersion()) {
            return false;
        }
        return position == null ? offset >= received.getByteOffset() : offset == received.getByteOffset();
    }

    private long waiting() {
        return received.getLogVersion() == position.getLogVersion()
                ? received.getByteOffset() - position.getByteOffset()
                : received.getByteOffset();
    }

    private void applyComplete() throws IOException, TransactionFailureException {
        StorageEngineFactory engine = companion.resolve(StorageEngineFactory.class);
        Config config = companion.resolve(Config.class);
        LogFiles files = LogFilesBuilder.logFilesBasedOnlyBuilder(
                        inbox.directory(), companion.resolve(FileSystemAbstraction.class))
                .withStorageEngineFactory(engine)
                .withConfig(config)
                .withKernelVersionProvider(companion.resolve(KernelVersionProvider.class))
                .build();
        try (ReadableLogChannel channel = files.getLogFile().getReader(position);
                CommittedCommandBatchCursor cursor = new CommittedCommandBatchCursor(
                        channel,
                        Line.entryReader(engine.commandReaderFactory(), new BinarySupportedKernelVersions(config)));
                Chain chain = new Chain(companion)) {
            applyAll(cursor, chain);
        }
        inbox.dropBefore(position.getLogVersion());
    }

    private void applyAll(CommittedCommandBatchCursor cursor, Chain chain)
            throws IOException, TransactionFailureException {
        long last = companion.transaction();
        LogPosition read = position;
        while (cursor.next()) {
            CommittedCommandBatchRepresentation batch = cursor.get();
            if (batch.txId() > last) {
                demandSuccessor(batch.txId(), last);
                chain.add(batch);
                last = batch.txId();
                writtenMillis = batch.timeWritten();
            }
            read = cursor.position();
            if (chain.isFull() || Chain.isLarge(position, read)) {
                flush(chain, read);
            }
        }
        flush(chain, read);
    }

    private static void demandSuccessor(long next, long last) {
        if (next != last + 1) {
            throw Refusal.because("After transaction " + last + " came " + next
                    + ": some are missing. Begin to follow again.");
        }
    }

    private void flush(Chain chain, LogPosition until) throws TransactionFailureException {
        applied += chain.commit();
        position = until;
    }
}
