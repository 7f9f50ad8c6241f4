package dco;

import org.neo4j.internal.kernel.api.exceptions.TransactionFailureException;
import org.neo4j.io.pagecache.context.CursorContext;
import org.neo4j.io.pagecache.context.CursorContextFactory;
import org.neo4j.kernel.impl.api.CompleteTransaction;
import org.neo4j.kernel.impl.api.txid.IdStoreTransactionIdGenerator;
import org.neo4j.kernel.impl.transaction.CommittedCommandBatchRepresentation;
import org.neo4j.kernel.impl.transaction.log.LogPosition;
import org.neo4j.kernel.impl.transaction.log.TransactionCommitmentFactory;
import org.neo4j.kernel.impl.transaction.tracing.TransactionWriteEvent;
import org.neo4j.storageengine.api.StorageEngine;
import org.neo4j.storageengine.api.TransactionApplicationMode;
import org.neo4j.storageengine.api.TransactionIdStore;
import org.neo4j.storageengine.api.cursor.StoreCursors;

/**
 * Transactions that are committed together, behind the fence, and share one flush of the log: with a flush for each a
 * follower can't keep up.
 */
final class Chain implements AutoCloseable {
    private static final int MOST_TRANSACTIONS = 500;
    private static final long LARGE_BYTES = 16 << 20;

    private final Companion companion;
    private final TransactionCommitmentFactory commitments;
    private final IdStoreTransactionIdGenerator ids;
    private CursorContext context;
    private StoreCursors cursors;
    private CompleteTransaction first;
    private CompleteTransaction last;
    private int size;

    Chain(Companion companion) {
        TransactionIdStore store = companion.resolve(TransactionIdStore.class);
        this.companion = companion;
        this.commitments = new TransactionCommitmentFactory(store);
        this.ids = new IdStoreTransactionIdGenerator(store);
    }

    /** Says whether there is enough log between two positions to flush, so that memory stays bounded. */
    static boolean isLarge(LogPosition begun, LogPosition read) {
        return begun.getLogVersion() != read.getLogVersion()
                || read.getByteOffset() - begun.getByteOffset() > LARGE_BYTES;
    }

    boolean isEmpty() {
        return size == 0;
    }

    boolean isFull() {
        return size >= MOST_TRANSACTIONS;
    }

    /** Adds the transaction that follows the last one. */
    void add(CommittedCommandBatchRepresentation batch) {
        if (context == null) {
            context = companion.resolve(CursorContextFactory.class).create("dco-apply");
            cursors = companion.resolve(StorageEngine.class).createStorageCursors(context);
        }
        CompleteTransaction next = new CompleteTransaction(batch, context, cursors, commitments.newCommitment(), ids);
        if (first == null) {
            first = next;
        } else {
            last.next(next);
        }
        last = next;
        size++;
    }

    /** Commits what was added, durably, and gives how many it was. */
    int commit() throws TransactionFailureException {
        if (size == 0) {
            return 0;
        }
        companion.fence().inner().commit(first, TransactionWriteEvent.NULL, TransactionApplicationMode.EXTERNAL);
        int committed = size;
        close();
        return committed;
    }

    @Override
    public void close() {
        if (context != null) {
            cursors.close();
            context.close();
        }
        context = null;
        cursors = null;
        first = null;
        last = null;
        size = 0;
    }
}
