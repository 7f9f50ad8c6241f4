package dco;

import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.dbms.DbmsRuntimeVersionProvider;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;

/** Which part a server plays: serving, fenced, following, promoted. Each may be called twice. */
public final class RoleProcedures {
    private static final long MOST_MILLIS = 10_000;

    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** Given by Neo4j: the transaction that a procedure is called in. */
    @Context
    public KernelTransaction transaction;

    /** How far the database has got when the call has done its work. */
    public static final class Stand {
        /** The last transaction; final, if the database is fenced and does not follow. */
        public long transaction;
        /** Its checksum, which covers all that was ever committed before it. */
        public long checksum;
        /** The file of its own log in which that transaction ends, and where. */
        public long logVersion;
        public long logOffset;
        /** Whether commits are refused, and why. */
        public boolean fenced;
        public String reason;
        /** Whether it follows another server. */
        public boolean following;
    }

    /** A row of dco.upgrade. */
    public static final class Format {
        /** The kernel version that the next transaction of each database is written in. */
        public String kernel;
    }

    /** Cheaper than dco.status, for whoever asks while clients wait. */
    @Procedure(name = "dco.stand", mode = Mode.READ)
    @Description("How far a database has got and which part it plays; waits a while for a transaction.")
    public Stream<Stand> stand(
            @Name("database") String name,
            @Name("transaction") long transaction,
            @Name("waitMillis") long waitMillis,
            @Name("proof") Map<String, Object> proof)
            throws InterruptedException {
        Companion companion = Caller.admit(database, "dco.stand", proof, name, transaction, waitMillis);
        long until = System.nanoTime() + Math.min(waitMillis, MOST_MILLIS) * 1_000_000;
        while (companion.transaction() < transaction && System.nanoTime() < until) {
            Thread.sleep(1);
        }
        return stand(companion);
    }

    /**
     * When it returns no commit is under way. A fence is lifted by naming the reason that it was raised for; an empty
     * one lifts whichever stands, and is for people only.
     */
    @Procedure(name = "dco.fence", mode = Mode.READ)
    @Description("Refuses every commit from now on, also after a restart, or lets commits in again.")
    public Stream<Stand> fence(
            @Name("database") String name,
            @Name("on") boolean on,
            @Name("reason") String reason,
            @Name("proof") Map<String, Object> proof) {
        Companion companion = Caller.admit(database, "dco.fence", proof, name, on, reason);
        if (on) {
            companion.fence().raise(reason);
        } else if (companion.applier().isPresent()) {
            throw Refusal.because(name + " follows another server: promote it, or stop following first.");
        } else {
            companion.fence().lift(reason);
        }
        return stand(companion);
    }

    /** Refuses unless it is fenced; the fence stays when following stops. */
    @Procedure(name = "dco.follow", mode = Mode.READ)
    @Description("Begins to follow another server's log, which then comes by dco.apply, or stops it.")
    public Stream<Stand> follow(
            @Name("database") String name, @Name("on") boolean on, @Name("proof") Map<String, Object> proof) {
        Companion companion = Caller.admit(database, "dco.follow", proof, name, on);
        if (on) {
            companion.follow();
        } else {
            companion.unfollow();
        }
        return stand(companion);
    }

    /**
     * Refuses if the database has not got as far as the transaction, or its fence stands for another reason. Does nothing
     * to one that is not fenced.
     */
    @Procedure(name = "dco.promote", mode = Mode.READ)
    @Description("Ends following and lifts the fence, if all until a transaction is applied.")
    public Stream<Stand> promote(
            @Name("database") String name,
            @Name("transaction") long transaction,
            @Name("reason") String reason,
            @Name("proof") Map<String, Object> proof) {
        Companion companion = Caller.admit(database, "dco.promote", proof, name, transaction, reason);
        companion.promote(transaction, reason);
        return stand(companion);
    }

    /** Called first in a transaction; what it does then is done as ever, up to its commit. */
    @Procedure(name = "dco.rehearse", mode = Mode.READ)
    @Description("Makes the transaction that it is called in a rehearsal: its commit is refused whatever happens.")
    public void rehearse(@Name("database") String name, @Name("proof") Map<String, Object> proof) {
        Companion companion = Caller.admit(database, "dco.rehearse", proof, name);
        if (!name.equals(database.databaseName())) {
            throw Refusal.because("A transaction of " + database.databaseName() + " is no rehearsal for " + name + ".");
        }
        companion.fence().refuse(transaction.cursorContext());
    }

    /** There is no way back from it. */
    @Procedure(name = "dco.upgrade", mode = Mode.READ)
    @Description("Lets a server write its own line's format, from the next transaction of each database on.")
    public Stream<Format> upgrade(@Name("database") String name, @Name("proof") Map<String, Object> proof)
            throws Exception {
        Companion companion = Caller.admit(database, "dco.upgrade", proof, name);
        companion.upgrade();
        Format row = new Format();
        row.kernel = companion.resolve(DbmsRuntimeVersionProvider.class)
                .getVersion()
                .kernelVersion()
                .name();
        return Stream.of(row);
    }

    private static Stream<Stand> stand(Companion companion) {
        Stand row = new Stand();
        ClosedTransactionMetadata closed = companion.closed();
        row.transaction = closed.transactionId().id();
        row.checksum = closed.transactionId().checksum();
        row.logVersion = closed.logPosition().getLogVersion();
        row.logOffset = closed.logPosition().getByteOffset();
        row.fenced = companion.fence().isRaised();
        row.reason = companion.fence().reason();
        row.following = companion.applier().isPresent();
        return Stream.of(row);
    }
}
