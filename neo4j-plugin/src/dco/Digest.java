package dco;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/** A fingerprint of 128 bits: the first half of a SHA-256, as two numbers. Fingerprints of many are added up. */
record Digest(long high, long low) {
    /** What writes the bytes to be summed up. */
    interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    /** Sums up what the writer writes. */
    static Digest of(Writer writer) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(128);
            writer.write(new DataOutputStream(bytes));
            ByteBuffer sum = ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(bytes.toByteArray()));
            return new Digest(sum.getLong(), sum.getLong());
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Sums up a property: its key and its value. */
    static Digest ofProperty(String key, Object value) {
        return of(out -> {
            ValueBytes.writeBlock('k', key.getBytes(StandardCharsets.UTF_8), out);
            ValueBytes.write(value, out);
        });
    }

    /** Adds both numbers, each modulo 2^64: the order does not matter, and what comes twice counts twice. */
    Digest plus(Digest other) {
        return new Digest(high + other.high, low + other.low);
    }

    /** Writes both numbers. */
    void writeTo(DataOutputStream out) throws IOException {
        out.writeLong(high);
        out.writeLong(low);
    }
}
