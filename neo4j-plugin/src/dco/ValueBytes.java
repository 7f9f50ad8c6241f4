package dco;

import java.io.DataOutputStream;
import java.io.IOException;
import java.lang.reflect.Array;
import java.nio.charset.StandardCharsets;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetTime;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.temporal.ChronoUnit;
import org.neo4j.values.storable.DurationValue;
import org.neo4j.values.storable.PointValue;

/**
 * One way to write a property's value as bytes, the same on every server and version, and the same as can be made from
 * what a driver gives: a tag for the type as Cypher knows it, then the value, bit by bit. A float is written as its
 * bits, so that -0.0 and every NaN are themselves; a list by its length and elements; a time with its zone's name.
 */
final class ValueBytes {
    private ValueBytes() {}

    /** Writes a stored value, given as the object that Neo4j makes of it. */
    static void write(Object value, DataOutputStream out) throws IOException {
        if (value instanceof byte[] bytes) {
            writeBlock('b', bytes, out);
        } else if (value.getClass().isArray()) {
            out.writeByte('l');
            out.writeInt(Array.getLength(value));
            for (int i = 0; i < Array.getLength(value); i++) {
                write(Array.get(value, i), out);
            }
        } else if (!writeScalar(value, out) && !writeTime(value, out)) {
            throw Refusal.because("A value of type " + value.getClass().getSimpleName() + " can't be fingerprinted yet.");
        }
    }

    private static boolean writeScalar(Object value, DataOutputStream out) throws IOException {
        if (value instanceof String || value instanceof Character) {
            writeBlock('s', value.toString().getBytes(StandardCharsets.UTF_8), out);
        } else if (value instanceof Double || value instanceof Float) {
            out.writeByte('f');
            out.writeLong(Double.doubleToRawLongBits(((Number) value).doubleValue()));
        } else if (value instanceof Number number && !(value instanceof Double)) {
            out.writeByte('i');
            out.writeLong(number.longValue());
        } else if (value instanceof Boolean truth) {
            out.writeByte(truth ? 't' : 'F');
        } else if (value instanceof PointValue point) {
            out.writeByte('p');
            out.writeInt(point.getCoordinateReferenceSystem().getCode());
            for (double coordinate : point.coordinate()) {
                out.writeLong(Double.doubleToRawLongBits(coordinate));
            }
        } else {
            return false;
        }
        return true;
    }

    private static boolean writeTime(Object value, DataOutputStream out) throws IOException {
        if (value instanceof LocalDate date) {
            writeNumbers('d', out, date.toEpochDay());
        } else if (value instanceof LocalTime time) {
            writeNumbers('c', out, time.toNanoOfDay());
        } else if (value instanceof OffsetTime time) {
            writeNumbers('o', out, time.toLocalTime().toNanoOfDay(), time.getOffset().getTotalSeconds());
        } else if (value instanceof LocalDateTime moment) {
            writeNumbers('m', out, moment.toEpochSecond(ZoneOffset.UTC), moment.getNano());
        } else if (value instanceof ZonedDateTime moment) {
            writeNumbers('z', out, moment.toEpochSecond(), moment.getNano());
            writeBlock('s', moment.getZone().getId().getBytes(StandardCharsets.UTF_8), out);
        } else if (value instanceof DurationValue span) {
            writeNumbers('D', out, span.get(ChronoUnit.MONTHS), span.get(ChronoUnit.DAYS),
                    span.get(ChronoUnit.SECONDS), span.get(ChronoUnit.NANOS));
        } else {
            return false;
        }
        return true;
    }

    private static void writeNumbers(char tag, DataOutputStream out, long... numbers) throws IOException {
        out.writeByte(tag);
        for (long number : numbers) {
            out.writeLong(number);
        }
    }

    /** Writes a tag, a length and bytes. */
    static void writeBlock(char tag, byte[] bytes, DataOutputStream out) throws IOException {
        out.writeByte(tag);
        out.writeInt(bytes.length);
        out.write(bytes);
    }
}
