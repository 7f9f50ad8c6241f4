package dco;

import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.neo4j.exceptions.KernelException;
import org.neo4j.internal.id.IdGeneratorFactory;
import org.neo4j.internal.kernel.api.TokenRead;
import org.neo4j.internal.recordstorage.RecordIdType;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.procedure.Context;
import org.neo4j.procedure.Description;
import org.neo4j.procedure.Mode;
import org.neo4j.procedure.Name;
import org.neo4j.procedure.Procedure;

/** What a comparison reads: sums over a page of elements, and the elements that it asks for. */
public final class ScanProcedures {
    private static final long MOST_ELEMENTS = 200_000;
    private static final String NODE = "node";
    private static final String RELATIONSHIP = "relationship";

    /** Given by Neo4j. */
    @Context
    public GraphDatabaseAPI database;

    /** A row of dco.scan: numbers of the same kind, name and key are added up over all pages, modulo 2^64. */
    public static final class Part {
        /** `node`, `relationship`, `node property` or `relationship property`; `page` in the last row. */
        public String kind;
        /** The label (empty for a node that has none) or the type. */
        public String name;
        /** The property key, or empty. */
        public String key;
        /** How many there are; in the row `page` of all elements. */
        public long count;
        /** Their fingerprints added up. */
        public long high;
        public long low;
        /** In the row `page`: the sums by buckets, the elements asked for, where the next page begins (-1: nowhere). */
        public byte[] buckets;
        public byte[] records;
        public long next;
    }

    /** Meaningful on a database that no one writes to. */
    @Procedure(name = "dco.scan", mode = Mode.READ)
    @Description("Sums up a range of nodes or relationships, and lists those of some buckets.")
    public Stream<Part> scan(
            @Name("database") String name,
            @Name("kind") String kind,
            @Name("salt") byte[] salt,
            @Name("from") long from,
            @Name("count") long count,
            @Name("buckets") byte[] buckets,
            @Name("proof") Map<String, Object> proof)
            throws KernelException {
        Companion companion = Caller.admit(database, "dco.scan", proof, name, kind, salt, from, count, buckets);
        if (!kind.equals(NODE) && !kind.equals(RELATIONSHIP)) {
            throw Refusal.because("A scan reads elements of the kind node or relationship, not " + kind + ".");
        }
        if (buckets.length != 0 && buckets.length != Sums.BUCKETS / Byte.SIZE || from < 0) {
            throw Refusal.because("A scan begins at 0 or later, and asks for none or some of " + Sums.BUCKETS + " buckets.");
        }
        long nodes = highest(companion, RecordIdType.NODE);
        long end = kind.equals(NODE) ? nodes : highest(companion, RecordIdType.RELATIONSHIP);
        long to = Math.min(end, from + Math.min(Math.max(count, 1), MOST_ELEMENTS));
        String state = HexFormat.of().formatHex(salt) + " " + companion.transaction();
        Colours colours = companion.colours(state, nodes);
        // Two calls with one memory would mix up its words.
        synchronized (colours) {
            try (Scan scan = new Scan(companion.database(), new Salted(salt), colours, buckets)) {
                if (kind.equals(NODE)) {
                    scan.readNodes(from, Math.max(from, to));
                } else {
                    scan.readRelationships(from, Math.max(from, to));
                }
                return rows(kind, scan, to < end ? to : -1);
            }
        }
    }

    private static long highest(Companion companion, RecordIdType type) {
        return companion.resolve(IdGeneratorFactory.class).get(type).getHighId();
    }

    private static Stream<Part> rows(String kind, Scan scan, long next) throws KernelException {
        List<Part> rows = new ArrayList<>();
        TokenRead tokens = scan.transaction().tokenRead();
        scan.sums().each((name, key, count, sum) -> {
            Part row = new Part();
            row.kind = key < 0 ? kind : kind + " property";
            row.name = name < 0 ? "" : kind.equals(NODE) ? tokens.labelGetName(name) : tokens.relationshipTypeGetName(name);
            row.key = key < 0 ? "" : tokens.propertyKeyGetName(key);
            row.count = count;
            row.high = sum.high();
            row.low = sum.low();
            rows.add(row);
        });
        Part page = new Part();
        page.kind = "page";
        page.name = "";
        page.key = "";
        page.count = scan.elements();
        page.buckets = scan.sums().buckets();
        page.records = scan.records();
        page.next = next;
        rows.add(page);
        return rows.stream();
    }
}
