package dco;

import java.lang.reflect.Field;
import java.util.Collections;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.neo4j.internal.kernel.api.exceptions.TransactionFailureException;
import org.neo4j.io.pagecache.context.CursorContext;
import org.neo4j.kernel.impl.api.DatabaseTransactionCommitProcess;
import org.neo4j.kernel.impl.api.TransactionCommitProcess;
import org.neo4j.kernel.impl.transaction.tracing.TransactionWriteEvent;
import org.neo4j.storageengine.api.StorageEngineTransaction;
import org.neo4j.storageengine.api.TransactionApplicationMode;

/**
 * Stands in a database's commit process and, while raised, refuses every commit with a transient error that drivers
 * retry. The applier of a follower goes around it, by {@link #inner()}.
 *
 * <p>Not the read-only setting: index writers look at that again while a commit is applied, which panics the database.
 */
final class Fence implements TransactionCommitProcess {
    private final TransactionCommitProcess inner;
    private final FenceFile file;
    private final ReadWriteLock commits = new ReentrantReadWriteLock(true);
    /** Of transactions that are rehearsals: by identity, and forgotten with them. */
    private final Set<CursorContext> rehearsals =
            Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean raised;

    private Fence(TransactionCommitProcess inner, FenceFile file) {
        this.inner = inner;
        this.file = file;
        this.raised = file.stands();
    }

    /** Puts a fence into the commit process, raised if its file stands; before the database takes its first query. */
    static Fence install(TransactionCommitProcess process, FenceFile file) {
        try {
            Field field = DatabaseTransactionCommitProcess.class.getDeclaredField("commitProcess");
            field.setAccessible(true);
            Fence fence = new Fence((TransactionCommitProcess) field.get(process), file);
            field.set(process, fence);
            return fence;
        } catch (ReflectiveOperationException changed) {
            throw new IllegalStateException("This Neo4j's commit process has no place for a fence.", changed);
        }
    }

    @Override
    public long commit(
            StorageEngineTransaction batch, TransactionWriteEvent event, TransactionApplicationMode mode)
            throws TransactionFailureException {
        commits.readLock().lock();
        try {
            if (rehearsals.contains(batch.cursorContext())) {
                throw TransactionFailureException.leaseExpired(1, 2);
            }
            if (raised) {
                refused.incrementAndGet();
                throw TransactionFailureException.leaseExpired(1, 2);
            }
            return inner.commit(batch, event, mode);
        } finally {
            commits.readLock().unlock();
        }
    }

    /**
     * Refuses from now on, also after a restart; returns when the last commit that was let in has ended. A fence that
     * stands for another reason stays as it is: whoever raised that one would lift it while this one must stand.
     */
    synchronized void raise(String reason) {
        if (!raised) {
            file.write(reason);
            raised = true;
        } else if (!file.reason().equals(reason)) {
            throw Refusal.because("It is fenced already, because it " + file.reason() + ".");
        }
        // Whoever looked at `raised` before holds the read lock until its commit has ended.
        commits.writeLock().lock();
        commits.writeLock().unlock();
    }

    /** Refuses this transaction's commit, whether it is raised by then or not. */
    void refuse(CursorContext transaction) {
        rehearsals.add(transaction);
    }

    /** Lets commits in again, if the fence was raised for this reason; an empty one lifts whichever stands. */
    synchronized void lift(String reason) {
        demand(reason);
        file.remove();
        raised = false;
    }

    /** Refuses unless the fence stands for this reason, or stands for none; an empty one is any. */
    void demand(String reason) {
        if (raised && !reason.isEmpty() && !file.reason().equals(reason)) {
            throw Refusal.because("The fence stands because it " + file.reason() + ", not because it " + reason + ".");
        }
    }

    boolean isRaised() {
        return raised;
    }

    String reason() {
        return raised ? file.reason() : "";
    }

    /** How many commits were refused since the server started. */
    long refused() {
        return refused.get();
    }

    /** The commit process behind the fence. */
    TransactionCommitProcess inner() {
        return inner;
    }
}
