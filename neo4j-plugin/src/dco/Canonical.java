package dco;

import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One way to write arguments as bytes, so that both sides sign the same. Every value begins with a tag and, where its
 * length varies, its length: no two lists of arguments have the same bytes. `dco_plugin.signing` writes them alike.
 */
final class Canonical {
    private Canonical() {}

    /** Writes null, a boolean, an integer, a string, bytes, or a list of these. */
    static void write(Object value, DataOutputStream out) throws IOException {
        if (value == null) {
            out.writeByte('n');
        } else if (value instanceof Boolean truth) {
            out.writeByte(truth ? 't' : 'f');
        } else if (value instanceof Long number) {
            out.writeByte('i');
            out.writeLong(number);
        } else if (value instanceof String text) {
            writeBlock('s', text.getBytes(StandardCharsets.UTF_8), out);
        } else if (value instanceof byte[] bytes) {
            writeBlock('b', bytes, out);
        } else if (value instanceof List<?> items) {
            out.writeByte('l');
            out.writeInt(items.size());
            for (Object item : items) {
                write(item, out);
            }
        } else {
            throw new IllegalArgumentException("A " + value.getClass().getSimpleName() + " can't be signed.");
        }
    }

    private static void writeBlock(char tag, byte[] bytes, DataOutputStream out) throws IOException {
        out.writeByte(tag);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
