package dco;

import java.io.DataOutputStream;
import java.io.IOException;

/** A fingerprint of 128 bits: the first half of a SHA-256, as two numbers. Fingerprints of many are added up. */
record Digest(long high, long low) implements Comparable<Digest> {
    /** What writes the bytes to be summed up. */
    interface Writer {
        void write(DataOutputStream out) throws IOException;
    }

    /** The order of their bytes. */
    @Override
    public int compareTo(Digest other) {
        int first = Long.compareUnsigned(high, other.high);
        return first != 0 ? first : Long.compareUnsigned(low, other.low);
    }

    /** Writes both numbers. */
    void writeTo(DataOutputStream out) throws IOException {
        out.writeLong(high);
        out.writeLong(low);
    }
}
