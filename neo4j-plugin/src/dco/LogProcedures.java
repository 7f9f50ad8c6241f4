package dco;

import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.internal.kernel.api.exceptions.TransactionFailureException;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** The log on its way from one server to another. */
public final class LogProcedures {
    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** A row of dco.locate. */
    public static final class Place {
        /** The file, and where in it the log is to be read from. */
        public long logVersion;
        public long logOffset;
        /** How many bytes the file's header has; whoever applies the log wants them first. */
        public long header;
    }

    /** A row of dco.log. */
    public static final class Chunk {
        /** The bytes; none if there is nothing new. */
        public byte[] data;
        /** How far the file asked for is good. */
        public long fileEnd;
        /** Where the last closed transaction ends: a transaction boundary. */
        public long endVersion;
        public long endOffset;
        /** That transaction. */
        public long transaction;
        /** This server's time in milliseconds: what was closed before is within that end. */
        public long now;
        /** The SHA-256 of the bytes. */
        public byte[] sha256;
    }

    /** A row of dco.apply. */
    public static final class Applied {
        /** The last transaction that the store now has. */
        public long transaction;
        /** How many were applied since following began, and when the last one was written. */
        public long applied;
        public long writtenMillis;
    }

    /** Refuses if the log does not reach back so far, or has never got so far. */
    @Procedure(name = "dco.locate", mode = Mode.READ)
    @Description("Says where the log goes on after a transaction.")
    public Stream<Place> locate(
            @Name("database") String name,
            @Name("transaction") long transaction,
            @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.locate", proof, name, transaction);
        LogBytes.Beginning beginning = new LogBytes(companion).locate(transaction);
        Place row = new Place();
        row.logVersion = beginning.version();
        row.logOffset = beginning.offset();
        row.header = beginning.header();
        return Stream.of(row);
    }

    /** Waits so many milliseconds for bytes if there are none; gives no byte of an unfinished transaction. */
    @Procedure(name = "dco.log", mode = Mode.READ)
    @Description("Gives bytes of a file of the log from a position.")
    public Stream<Chunk> log(
            @Name("database") String name,
            @Name("logVersion") long version,
            @Name("offset") long offset,
            @Name("count") long count,
            @Name("wait") long waitMillis,
            @Name("proof") Map<String, Object> proof)
            throws IOException, InterruptedException {
        Companion companion = Caller.admit(database, "dco.log", proof, name, version, offset, count, waitMillis);
        LogBytes.Chunk chunk = new LogBytes(companion).read(version, offset, count, waitMillis);
        Chunk row = new Chunk();
        row.data = chunk.data();
        row.fileEnd = chunk.fileEnd();
        row.endVersion = chunk.end().getLogVersion();
        row.endOffset = chunk.end().getByteOffset();
        row.transaction = chunk.transaction();
        row.now = chunk.now();
        row.sha256 = Checksum.of(chunk.data());
        return Stream.of(row);
    }

    /** A row of dco.prune. */
    public static final class Pruned {
        /** The oldest file that is left. */
        public long lowestLogVersion;
    }

    /** What a recovery would read stays in any case. May be called again. */
    @Procedure(name = "dco.prune", mode = Mode.READ)
    @Description("Deletes files of the log that are older than a given one.")
    public Stream<Pruned> prune(
            @Name("database") String name,
            @Name("before") long before,
            @Name("proof") Map<String, Object> proof)
            throws IOException {
        Companion companion = Caller.admit(database, "dco.prune", proof, name, before);
        Pruned row = new Pruned();
        row.lowestLogVersion = new LogBytes(companion).prune(before);
        return Stream.of(row);
    }

    /** Only while following; see {@link Applier#apply}. */
    @Procedure(name = "dco.apply", mode = Mode.READ)
    @Description("Takes the next bytes of another server's log and applies what is complete.")
    public Stream<Applied> apply(
            @Name("database") String name,
            @Name("logVersion") long version,
            @Name("offset") long offset,
            @Name("data") byte[] data,
            @Name("boundary") boolean boundary,
            @Name("proof") Map<String, Object> proof)
            throws IOException, TransactionFailureException {
        Companion companion = Caller.admit(database, "dco.apply", proof, name, version, offset, data, boundary);
        Applier applier = companion.applier()
                .orElseThrow(() -> Refusal.because(name + " follows nobody: call dco.follow first."));
        Applier.Progress progress = applier.apply(version, offset, data, boundary);
        Applied row = new Applied();
        row.transaction = companion.transaction();
        row.applied = progress.applied();
        row.writtenMillis = progress.writtenMillis();
        return Stream.of(row);
    }
}
