package dco;

import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;
import org.neo4j.storageengine.api.ClosedTransactionMetadata;

/** Copying a running store. */
public final class CopyProcedures {
    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** A row of dco.hold. */
    public static final class Held {
        /** The last closed transaction. */
        public long transaction;
        /** The file of the log in which it ends, and where: the copy needs the log at least until there. */
        public long logVersion;
        public long logOffset;
        /** With the log from this file on a copy can be recovered. */
        public long neededLogVersion;
    }

    /** A row of dco.release. */
    public static final class Released {
        /** Whether the hold lasted until now. If not, the copy must not be used. */
        public boolean intact;
    }

    /** A row of dco.files. */
    public static final class StoreFile {
        /** What dco.read takes. */
        public String name;
        /** In bytes, as it was when it was listed. */
        public long size;
    }

    /** A row of dco.read. */
    public static final class Data {
        /** The bytes; fewer than asked for at the end of the file. */
        public byte[] data;
        /** Their SHA-256. */
        public byte[] sha256;
    }

    /** Called again under the same lease it renews. */
    @Procedure(name = "dco.hold", mode = Mode.READ)
    @Description("Makes a checkpoint and keeps further ones away for so many seconds, or renews that.")
    public Stream<Held> hold(
            @Name("database") String name,
            @Name("lease") String lease,
            @Name("seconds") long seconds,
            @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.hold", proof, name, lease, seconds);
        companion.hold().take(lease, seconds);
        Held row = new Held();
        ClosedTransactionMetadata closed = companion.closed();
        row.transaction = closed.transactionId().id();
        row.logVersion = closed.logPosition().getLogVersion();
        row.logOffset = closed.logPosition().getByteOffset();
        row.neededLogVersion = new LogBytes(companion).neededVersion();
        return Stream.of(row);
    }

    /** Releasing what has ended gives `intact` false. */
    @Procedure(name = "dco.release", mode = Mode.READ)
    @Description("Lets checkpoints happen again, and says whether the copy may be used.")
    public Stream<Released> release(
            @Name("database") String name, @Name("lease") String lease, @Name("proof") Map<String, Object> proof) {
        Released row = new Released();
        row.intact = Caller.admit(database, "dco.release", proof, name, lease).hold().release(lease);
        return Stream.of(row);
    }

    /** Only while held under this lease. */
    @Procedure(name = "dco.files", mode = Mode.READ)
    @Description("Lists the files that make up a copy; the log comes by dco.log.")
    public Stream<StoreFile> files(
            @Name("database") String name, @Name("lease") String lease, @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.files", proof, name, lease);
        companion.hold().demand(lease);
        return new StoreFiles(companion.database().databaseLayout()).list().stream().map(entry -> {
            StoreFile row = new StoreFile();
            row.name = entry.name();
            row.size = entry.size();
            return row;
        });
    }

    /** Only while held under this lease; refuses any name that dco.files would not give. */
    @Procedure(name = "dco.read", mode = Mode.READ)
    @Description("Gives bytes of a listed file.")
    public Stream<Data> read(
            @Name("database") String name,
            @Name("lease") String lease,
            @Name("file") String file,
            @Name("offset") long offset,
            @Name("count") long count,
            @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.read", proof, name, lease, file, offset, count);
        companion.hold().demand(lease);
        Data row = new Data();
        row.data = new StoreFiles(companion.database().databaseLayout()).read(file, offset, count);
        row.sha256 = Checksum.of(row.data);
        return Stream.of(row);
    }
}
