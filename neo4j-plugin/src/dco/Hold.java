package dco;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.neo4j.graphdb.Resource;
import org.neo4j.kernel.impl.transaction.log.checkpoint.CheckPointer;
import org.neo4j.kernel.impl.transaction.log.checkpoint.LatestCheckpointInfo;
import org.neo4j.kernel.impl.transaction.log.checkpoint.SimpleTriggerInfo;
import org.neo4j.kernel.impl.transaction.log.checkpoint.StoreCopyCheckPointMutex;

/**
 * Keeps checkpoints away while the store is copied: a copy that a checkpoint overlapped would be corrupt. It is a
 * lease: it ends by itself unless whoever took it renews it in time.
 */
final class Hold {
    /** No lease may last longer without being renewed. */
    static final long LONGEST_SECONDS = 120;

    private final String database;
    private final StoreCopyCheckPointMutex mutex;
    private final CheckPointer checkPointer;
    private volatile Lease lease;

    Hold(String database, StoreCopyCheckPointMutex mutex, CheckPointer checkPointer) {
        this.database = database;
        this.mutex = mutex;
        this.checkPointer = checkPointer;
    }

    /** Takes the hold after a checkpoint, or renews it under the same name; refuses while another has it. */
    synchronized void take(String name, long seconds) {
        if (seconds < 1 || seconds > LONGEST_SECONDS) {
            throw Refusal.because("A hold lasts between 1 and " + LONGEST_SECONDS + " s; renew it for longer.");
        }
        if (isHeld()) {
            if (!lease.name.equals(name)) {
                throw Refusal.because("Another copy holds " + database + ": wait until it is released or has expired.");
            }
            lease.renew(seconds);
            return;
        }
        if (lease != null && lease.name.equals(name)) {
            throw Refusal.because("This hold of " + database + " has ended: begin the copy anew, under a new name.");
        }
        lease = new Lease(name, seconds);
        lease.begin();
    }

    /** Ends the hold. Gives false if it had ended before, or a checkpoint came: then the copy must not be used. */
    synchronized boolean release(String name) {
        boolean intact = isHeldBy(name) && lease.isIntact();
        if (isHeldBy(name)) {
            lease.end();
        }
        return intact;
    }

    /** Refuses unless the hold is held under this name. */
    synchronized void demand(String name) {
        if (!isHeldBy(name)) {
            throw Refusal.because("This copy does not hold " + database + " any more: begin it anew.");
        }
    }

    /** Never waits, unlike the rest, while a checkpoint is made. */
    boolean isHeld() {
        Lease current = lease;
        return current != null && current.thread.isAlive();
    }

    /** Ends the hold, whoever has it: the server stops. */
    synchronized void end() {
        if (isHeld()) {
            lease.end();
        }
    }

    private boolean isHeldBy(String name) {
        return isHeld() && lease.name.equals(name);
    }

    /** One lease. A thread of its own has the mutex, since whoever locks it must unlock it. */
    private final class Lease {
        private final String name;
        private final CompletableFuture<LatestCheckpointInfo> begun = new CompletableFuture<>();
        private final Thread thread = new Thread(this::run, "dco-hold-" + database);
        private final long seconds;
        private long untilNanos;
        private boolean ended;

        Lease(String name, long seconds) {
            this.name = name;
            this.seconds = seconds;
            thread.setDaemon(true);
        }

        void begin() {
            thread.start();
            try {
                begun.join();
            } catch (CompletionException failed) {
                throw Refusal.because("The store can't be held.", failed.getCause());
            }
        }

        boolean isIntact() {
            return begun.join().equals(checkPointer.latestCheckPointInfo());
        }

        synchronized void renew(long more) {
            untilNanos = System.nanoTime() + more * 1_000_000_000;
        }

        void end() {
            synchronized (this) {
                ended = true;
                notifyAll();
            }
            try {
                thread.join();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private void run() {
            try (Resource held = mutex.storeCopy(() -> checkPointer.tryCheckPoint(new SimpleTriggerInfo("store copy")))) {
                // The checkpoint may have taken long: the lease counts from here.
                renew(seconds);
                begun.complete(checkPointer.latestCheckPointInfo());
                await();
            } catch (IOException | RuntimeException failed) {
                begun.completeExceptionally(failed);
            }
        }

        private synchronized void await() {
            try {
                for (long left = left(); !ended && left > 0; left = left()) {
                    wait(left / 1_000_000 + 1);
                }
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }

        private long left() {
            return untilNanos - System.nanoTime();
        }
    }
}
