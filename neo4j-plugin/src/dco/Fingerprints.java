package dco;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.neo4j.exceptions.KernelException;
import org.neo4j.graphdb.Direction;
import org.neo4j.internal.kernel.api.EntityCursor;
import org.neo4j.internal.kernel.api.NodeCursor;
import org.neo4j.internal.kernel.api.PropertyCursor;
import org.neo4j.internal.kernel.api.RelationshipTraversalCursor;
import org.neo4j.internal.kernel.api.TokenSet;
import org.neo4j.internal.kernel.api.security.SecurityContext;
import org.neo4j.io.pagecache.context.CursorContext;
import org.neo4j.kernel.api.KernelTransaction;
import org.neo4j.kernel.impl.coreapi.InternalTransaction;
import org.neo4j.kernel.internal.GraphDatabaseAPI;
import org.neo4j.memory.MemoryTracker;
import org.neo4j.storageengine.api.RelationshipSelection;

/**
 * Sums up a graph's content regardless of order and of internal ids: a node is its labels and properties, a
 * relationship its type, its properties and the nodes at its start and its end.
 */
final class Fingerprints implements AutoCloseable {
    private static final int REMEMBERED_NODES = 20_000;

    private final InternalTransaction outer;
    private final KernelTransaction transaction;
    private final NodeCursor nodes;
    private final NodeCursor neighbours;
    private final RelationshipTraversalCursor relationships;
    private final PropertyCursor properties;
    private final Tally tally = new Tally();
    private final Map<Long, Digest> digestByNode = new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Digest> eldest) {
            return size() > REMEMBERED_NODES;
        }
    };

    private Fingerprints(GraphDatabaseAPI database) {
        outer = database.beginTransaction(KernelTransaction.Type.EXPLICIT, SecurityContext.AUTH_DISABLED);
        transaction = outer.kernelTransaction();
        CursorContext context = transaction.cursorContext();
        MemoryTracker memory = transaction.memoryTracker();
        nodes = transaction.cursors().allocateNodeCursor(context, memory);
        neighbours = transaction.cursors().allocateNodeCursor(context, memory);
        relationships = transaction.cursors().allocateRelationshipTraversalCursor(context, memory);
        properties = transaction.cursors().allocatePropertyCursor(context, memory);
    }

    /** Sums up the nodes whose internal ids are in a range, and the relationships that begin at them. */
    static Tally of(GraphDatabaseAPI database, long from, long to) throws KernelException {
        try (Fingerprints reading = new Fingerprints(database)) {
            for (long id = from; id < to; id++) {
                reading.transaction.dataRead().singleNode(id, reading.nodes);
                if (reading.nodes.next()) {
                    reading.addNode();
                }
            }
            return reading.tally;
        }
    }

    private void addNode() throws KernelException {
        List<String> labels = labels(nodes);
        Map<String, Digest> values = values(nodes);
        Digest node = node(labels, values);
        digestByNode.put(nodes.nodeReference(), node);
        for (String label : labels.isEmpty() ? List.of("") : labels) {
            tally.add("node", label, "", node);
            values.forEach((key, value) -> tally.add("node property", label, key, value));
        }
        nodes.relationships(relationships, RelationshipSelection.selection(Direction.OUTGOING));
        while (relationships.next()) {
            addRelationship(node);
        }
    }

    private void addRelationship(Digest start) throws KernelException {
        String type = transaction.tokenRead().relationshipTypeName(relationships.type());
        Map<String, Digest> values = values(relationships);
        Digest end = nodeAt(relationships.targetNodeReference());
        tally.add("relationship", type, "", Digest.of(out -> {
            ValueBytes.writeBlock('R', type.getBytes(StandardCharsets.UTF_8), out);
            start.writeTo(out);
            end.writeTo(out);
            for (Digest value : values.values()) {
                value.writeTo(out);
            }
        }));
        values.forEach((key, value) -> tally.add("relationship property", type, key, value));
    }

    private Digest nodeAt(long id) throws KernelException {
        Digest known = digestByNode.get(id);
        if (known == null) {
            transaction.dataRead().singleNode(id, neighbours);
            if (!neighbours.next()) {
                throw Refusal.because("A relationship ends at node " + id + ", which is not there.");
            }
            known = node(labels(neighbours), values(neighbours));
            digestByNode.put(id, known);
        }
        return known;
    }

    private static Digest node(List<String> labels, Map<String, Digest> values) {
        return Digest.of(out -> {
            out.writeByte('N');
            out.writeInt(labels.size());
            for (String label : labels) {
                ValueBytes.writeBlock('L', label.getBytes(StandardCharsets.UTF_8), out);
            }
            for (Digest value : values.values()) {
                value.writeTo(out);
            }
        });
    }

    private List<String> labels(NodeCursor node) throws KernelException {
        TreeSet<String> names = new TreeSet<>();
        TokenSet tokens = node.labels();
        for (int i = 0; i < tokens.numberOfTokens(); i++) {
            names.add(transaction.tokenRead().nodeLabelName(tokens.token(i)));
        }
        return List.copyOf(names);
    }

    /** The fingerprint of each property, in the order of the keys. */
    private Map<String, Digest> values(EntityCursor entity) throws KernelException {
        Map<String, Digest> values = new TreeMap<>();
        entity.properties(properties);
        while (properties.next()) {
            String key = transaction.tokenRead().propertyKeyName(properties.propertyKey());
            values.put(key, Digest.ofProperty(key, properties.propertyValue().asObject()));
        }
        return values;
    }

    @Override
    public void close() {
        properties.close();
        relationships.close();
        neighbours.close();
        nodes.close();
        outer.close();
    }
}
