package dco;

import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.exceptions.KernelException;
import org.neo4j.internal.id.IdGeneratorFactory;
import org.neo4j.internal.recordstorage.RecordIdType;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** Fingerprints of a database's content, in pages, so that the caller decides how much of the server it takes. */
public final class HashProcedures {
    private static final long MOST_NODES = 1_000_000;

    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** A row of dco.hashes: numbers of the same kind, name and key are added up over all pages, modulo 2^64. */
    public static final class Fingerprint {
        /** `node`, `relationship`, `node property` or `relationship property`; `page` in the last row of a page. */
        public String kind;
        /** The label (empty for a node that has none) or the type. */
        public String name;
        /** The property key, or empty. */
        public String key;
        /** How many there are. */
        public long count;
        /** Their fingerprints added up; in the row `page`, where the next page begins, or -1 after the last. */
        public long high;
        public long low;
    }

    /** Meaningful on a database that no one writes to. */
    @Procedure(name = "dco.hashes", mode = Mode.READ)
    @Description("Sums up the content of a range of nodes and the relationships that begin at them.")
    public Stream<Fingerprint> hashes(
            @Name("database") String name,
            @Name("from") long from,
            @Name("count") long count,
            @Name("proof") Map<String, Object> proof)
            throws KernelException {
        Companion companion = Caller.admit(database, "dco.hashes", proof, name, from, count);
        long end = companion.resolve(IdGeneratorFactory.class).get(RecordIdType.NODE).getHighId();
        long to = Math.min(end, from + Math.min(count, MOST_NODES));
        Tally tally = Fingerprints.of(companion.database(), from, to);
        Stream<Fingerprint> sums = tally.entries().map(entry -> row(entry.getKey(), entry.getValue()));
        Digest next = new Digest(to < end ? to : -1, 0);
        return Stream.concat(sums, Stream.of(row(new Tally.Subject("page", "", ""), new Tally.Sum(to - from, next))));
    }

    private static Fingerprint row(Tally.Subject subject, Tally.Sum sum) {
        Fingerprint row = new Fingerprint();
        row.kind = subject.kind();
        row.name = subject.name();
        row.key = subject.key();
        row.count = sum.count();
        row.high = sum.digest().high();
        row.low = sum.digest().low();
        return row;
    }
}
