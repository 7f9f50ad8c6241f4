package dco;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;

/** Fingerprints added up: by the tokens of what they are of, and by the bucket that their first bits name. */
final class Sums {
    /** A differing bucket is narrow enough to be looked at one by one. */
    static final int BUCKETS = 1024;

    private static final int BUCKET_BITS = 10;
    private static final int WORDS = 3;
    private static final int TOKEN_BITS = 32;

    private final Map<Long, long[]> byTokens = new HashMap<>();
    private final long[] buckets = new long[2 * BUCKETS];

    /** Does something with each sum. */
    interface Taker {
        void take(int name, int key, long count, Digest sum);
    }

    /** Adds a fingerprint to what has this label or type, and this property key; -1 for none. */
    void add(int name, int key, Digest digest) {
        long[] sum = byTokens.computeIfAbsent((long) name << TOKEN_BITS | key & 0xffff_ffffL, tokens -> new long[WORDS]);
        sum[0]++;
        sum[1] += digest.high();
        sum[2] += digest.low();
    }

    /** Adds an element's fingerprint to its bucket. */
    void addToBucket(Digest digest) {
        int bucket = bucket(digest);
        buckets[2 * bucket] += digest.high();
        buckets[2 * bucket + 1] += digest.low();
    }

    static int bucket(Digest digest) {
        return (int) (digest.high() >>> (Long.SIZE - BUCKET_BITS));
    }

    void each(Taker taker) {
        byTokens.forEach((tokens, sum) ->
                taker.take((int) (tokens >> TOKEN_BITS), tokens.intValue(), sum[0], new Digest(sum[1], sum[2])));
    }

    /** The sums of all buckets, one after the other, 16 bytes each. */
    byte[] buckets() {
        ByteBuffer bytes = ByteBuffer.allocate(buckets.length * Long.BYTES);
        bytes.asLongBuffer().put(buckets);
        return bytes.array();
    }
}
