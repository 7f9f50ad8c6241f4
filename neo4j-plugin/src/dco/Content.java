package dco;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.neo4j.exceptions.KernelException;
import org.neo4j.internal.kernel.api.EntityCursor;
import org.neo4j.internal.kernel.api.NodeCursor;
import org.neo4j.internal.kernel.api.PropertyCursor;
import org.neo4j.internal.kernel.api.TokenSet;
import org.neo4j.kernel.api.KernelTransaction;

/** Reads elements and makes their fingerprints, which do not depend on internal ids, of elements or of names. */
final class Content {
    /** A property: the id of its key, and its fingerprint. */
    record Property(int key, Digest digest) {}

    private static final byte[] NO_LABELS = {'N', 0, 0, 0, 0};

    private final KernelTransaction transaction;
    private final PropertyCursor cursor;
    private final Salted salted;
    private final Map<Integer, String> keys = new HashMap<>();
    private final Map<List<Integer>, byte[]> beginnings = new HashMap<>();
    private final Map<Integer, byte[]> types = new HashMap<>();

    Content(KernelTransaction transaction, PropertyCursor cursor, Salted salted) {
        this.transaction = transaction;
        this.cursor = cursor;
        this.salted = salted;
    }

    /** The fingerprints of an element's properties, in their own order. */
    List<Property> properties(EntityCursor element) throws KernelException {
        element.properties(cursor);
        List<Property> found = new ArrayList<>();
        while (cursor.next()) {
            int key = cursor.propertyKey();
            String name = keys.get(key);
            if (name == null) {
                name = transaction.tokenRead().propertyKeyName(key);
                keys.put(key, name);
            }
            found.add(new Property(key, salted.ofProperty(name, cursor.propertyValue().asObject())));
        }
        found.sort((one, other) -> one.digest().compareTo(other.digest()));
        return found;
    }

    /** A node is its labels and properties. */
    Digest node(NodeCursor node, List<Property> properties) throws KernelException {
        return whole(beginning(node.labels()), properties);
    }

    /** A relationship by itself is its type and properties. */
    Digest body(int type, List<Property> properties) throws KernelException {
        byte[] beginning = types.get(type);
        if (beginning == null) {
            String name = transaction.tokenRead().relationshipTypeName(type);
            beginning = Salted.bytes(out -> ValueBytes.writeBlock('R', name.getBytes(StandardCharsets.UTF_8), out));
            types.put(type, beginning);
        }
        return whole(beginning, properties);
    }

    /** A relationship where it stands: itself, and the nodes at its start and its end. */
    Digest link(Digest body, Digest start, Digest end) {
        return salted.of(out -> {
            body.writeTo(out);
            start.writeTo(out);
            end.writeTo(out);
        });
    }

    private Digest whole(byte[] beginning, List<Property> properties) {
        return salted.of(out -> {
            out.write(beginning);
            for (Property property : properties) {
                property.digest().writeTo(out);
            }
        });
    }

    private byte[] beginning(TokenSet labels) throws KernelException {
        int count = labels.numberOfTokens();
        if (count == 0) {
            return NO_LABELS;
        }
        List<Integer> tokens = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            tokens.add(labels.token(i));
        }
        byte[] known = beginnings.get(tokens);
        if (known == null) {
            known = write(tokens);
            beginnings.put(tokens, known);
        }
        return known;
    }

    private byte[] write(List<Integer> labels) throws KernelException {
        List<byte[]> names = new ArrayList<>();
        for (int label : labels) {
            names.add(transaction.tokenRead().nodeLabelName(label).getBytes(StandardCharsets.UTF_8));
        }
        names.sort(Arrays::compareUnsigned);
        return Salted.bytes(out -> {
            out.writeByte('N');
            out.writeInt(names.size());
            for (byte[] name : names) {
                ValueBytes.writeBlock('L', name, out);
            }
        });
    }
}
