package dco;

import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.kernel.KernelVersionProvider;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.kernel.internal.Version;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;
import org.neo4j.storageengine.api.StoreIdProvider;

/** Who this server is, and how its databases stand. */
public final class StateProcedures {
    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** A row of dco.identity. */
    public static final class Identity {
        /** What proofs for this server name, until it restarts. */
        public String server;
        /** The server's time in milliseconds, by which proofs expire. */
        public long now;
        /** The version of Neo4j. */
        public String version;
    }

    /** A row of dco.status. */
    public static final class Status {
        /** The server's time in milliseconds: what was closed before is within what follows. */
        public long now;
        /** The last transaction that is closed together with all before it. */
        public long transaction;
        /** Its checksum, which covers all that was ever committed before it: two servers agree in it or in nothing. */
        public long checksum;
        /** The file of this database's own log in which that transaction ends, and where. */
        public long logVersion;
        public long logOffset;
        /** The oldest file of the log that is still there. */
        public long lowestLogVersion;
        /** The oldest file that a recovery from the last checkpoint would read. */
        public long neededLogVersion;
        /** How many bytes the log has, and its name: no other server writes the same one. */
        public long logBytes;
        public String logName;
        /** Whether commits are refused, why, and how many were since the server started. */
        public boolean fenced;
        public String reason;
        public long refused;
        /** Whether a copy holds the checkpoints off. */
        public boolean held;
        /** Whether it follows another server; how many transactions it applied, and when the last one was written. */
        public boolean following;
        public long applied;
        public long writtenMillis;
        /** The store's format and the kernel version that its transactions are written in. */
        public String format;
        public String kernel;
    }

    /** The one call that needs no proof: it tells what a proof must name. */
    @Procedure(name = "dco.identity", mode = Mode.READ)
    @Description("What a proof for this server must name. Needs no proof.")
    public Stream<Identity> identity() {
        Identity row = new Identity();
        row.server = Caller.access(database).identity();
        row.now = Caller.access(database).now();
        row.version = Version.getKernel().getReleaseVersion();
        return Stream.of(row);
    }

    /** Tells all there is to know about a database; changes nothing. */
    @Procedure(name = "dco.status", mode = Mode.READ)
    @Description("How a database stands: its last transaction, fence, hold and following.")
    public Stream<Status> status(@Name("database") String name, @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.status", proof, name);
        Status row = new Status();
        row.now = Caller.access(database).now();
        ClosedTransactionMetadata closed = companion.closed();
        row.transaction = closed.transactionId().id();
        row.checksum = closed.transactionId().checksum();
        row.logVersion = closed.logPosition().getLogVersion();
        row.logOffset = closed.logPosition().getByteOffset();
        LogBytes log = new LogBytes(companion);
        row.lowestLogVersion = log.lowestVersion();
        row.neededLogVersion = log.neededVersion();
        row.logBytes = log.size();
        row.logName = companion.logName().get();
        row.fenced = companion.fence().isRaised();
        row.reason = companion.fence().reason();
        row.refused = companion.fence().refused();
        row.held = companion.hold().isHeld();
        row.format = companion.resolve(StoreIdProvider.class).getStoreId().getFormatName();
        row.kernel = companion.resolve(KernelVersionProvider.class).kernelVersion().name();
        companion.applier().map(Applier::progress).ifPresent(progress -> {
            row.following = true;
            row.applied = progress.applied();
            row.writtenMillis = progress.writtenMillis();
        });
        return Stream.of(row);
    }
}
