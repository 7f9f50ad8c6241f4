package dco;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import org.neo4j.exceptions.KernelException;
import org.neo4j.internal.kernel.api.NodeCursor;
import org.neo4j.internal.kernel.api.PropertyCursor;
import org.neo4j.internal.kernel.api.RelationshipScanCursor;
import org.neo4j.internal.kernel.api.security.SecurityContext;
import org.neo4j.io.pagecache.context.CursorContext;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.impl.coreapi.InternalTransaction;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.memory.MemoryTracker;

/** One page of a scan: the nodes or the relationships whose internal ids are in a range. */
final class Scan implements AutoCloseable {
    /** A digest; for a relationship its id, its start's and its end's, itself, and itself with its ends. */
    private static final int NODE_BYTES = 2 * Long.BYTES;
    private static final int RELATIONSHIP_BYTES = 3 * Long.BYTES + 2 * NODE_BYTES;

    private final InternalTransaction outer;
    private final KernelTransaction transaction;
    private final NodeCursor nodes;
    private final RelationshipScanCursor relationships;
    private final PropertyCursor properties;
    private final Content content;
    private final Colours colours;
    private final byte[] wanted;
    private final Sums sums = new Sums();
    private ByteBuffer records = ByteBuffer.allocate(0);
    private long elements;

    /** Reads with a memory of the nodes' fingerprints; `wanted` has a bit for each bucket whose elements are listed. */
    Scan(GraphDatabaseAPI database, Salted salted, Colours colours, byte[] wanted) {
        this.colours = colours;
        this.wanted = wanted;
        outer = database.beginTransaction(KernelTransaction.Type.EXPLICIT, SecurityContext.AUTH_DISABLED);
        transaction = outer.kernelTransaction();
        CursorContext context = transaction.cursorContext();
        MemoryTracker memory = transaction.memoryTracker();
        nodes = transaction.cursors().allocateNodeCursor(context, memory);
        relationships = transaction.cursors().allocateRelationshipScanCursor(context, memory);
        properties = transaction.cursors().allocatePropertyCursor(context, memory);
        content = new Content(transaction, properties, salted);
    }

    /** Sums up nodes, and lists the fingerprint of each id in the range, zero for one that is not there. */
    void readNodes(long from, long to) throws KernelException {
        boolean listing = wanted.length > 0;
        records = ByteBuffer.allocate(listing ? (int) (to - from) * NODE_BYTES : 0);
        for (long id = from; id < to; id++) {
            transaction.dataRead().singleNode(id, nodes);
            Digest node = nodes.next() ? addNode(id) : new Digest(0, 0);
            if (listing) {
                write(node);
            }
        }
    }

    /** Sums up relationships, and lists those of wanted buckets. */
    void readRelationships(long from, long to) throws KernelException {
        records = ByteBuffer.allocate(wanted.length > 0 ? (int) (to - from) * RELATIONSHIP_BYTES : 0);
        for (long id = from; id < to; id++) {
            transaction.dataRead().singleRelationship(id, relationships);
            if (relationships.next()) {
                addRelationship(id);
            }
        }
    }

    private Digest addNode(long id) throws KernelException {
        List<Content.Property> values = content.properties(nodes);
        Digest node = content.node(nodes, values);
        int[] labels = nodes.labels().all();
        for (int label : labels.length == 0 ? new int[] {-1} : labels) {
            sums.add(label, -1, node);
            for (Content.Property value : values) {
                sums.add(label, value.key(), value.digest());
            }
        }
        sums.addToBucket(node);
        colours.put(id, node);
        elements++;
        return node;
    }

    private void addRelationship(long id) throws KernelException {
        int type = relationships.type();
        List<Content.Property> values = content.properties(relationships);
        for (Content.Property value : values) {
            sums.add(type, value.key(), value.digest());
        }
        Digest body = content.body(type, values);
        long start = relationships.sourceNodeReference();
        long end = relationships.targetNodeReference();
        Digest link = content.link(body, colour(start), colour(end));
        sums.add(type, -1, link);
        sums.addToBucket(link);
        elements++;
        if (isWanted(link)) {
            records.putLong(id).putLong(start).putLong(end);
            write(body);
            write(link);
        }
    }

    private Digest colour(long id) throws KernelException {
        Digest known = colours.at(id);
        if (known == null) {
            transaction.dataRead().singleNode(id, nodes);
            if (!nodes.next()) {
                throw Refusal.because("A relationship ends at node " + id + ", which is not there.");
            }
            known = content.node(nodes, content.properties(nodes));
            colours.put(id, known);
        }
        return known;
    }

    private boolean isWanted(Digest digest) {
        int bucket = Sums.bucket(digest);
        return wanted.length > 0 && (wanted[bucket / Byte.SIZE] >> (bucket % Byte.SIZE) & 1) == 1;
    }

    private void write(Digest digest) {
        records.putLong(digest.high()).putLong(digest.low());
    }

    Sums sums() {
        return sums;
    }

    long elements() {
        return elements;
    }

    byte[] records() {
        return Arrays.copyOf(records.array(), records.position());
    }

    KernelTransaction transaction() {
        return transaction;
    }

    @Override
    public void close() {
        properties.close();
        relationships.close();
        nodes.close();
        outer.close();
    }
}
