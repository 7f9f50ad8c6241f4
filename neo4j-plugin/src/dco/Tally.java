package dco;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Stream;

/** Fingerprints added up, by what they are of. */
final class Tally {
    /** What is summed up: nodes of a label, relationships of a type, or one property key of these. */
    record Subject(String kind, String name, String key) {}

    /** How many there were, and the sum of their fingerprints. */
    record Sum(long count, Digest digest) {
        Sum plus(Digest one) {
            return new Sum(count + 1, digest.plus(one));
        }
    }

    private static final Sum NONE = new Sum(0, new Digest(0, 0));
    private final Map<Subject, Sum> sums = new LinkedHashMap<>();

    void add(String kind, String name, String key, Digest digest) {
        sums.merge(new Subject(kind, name, key), NONE.plus(digest), (sum, one) -> sum.plus(digest));
    }

    Stream<Map.Entry<Subject, Sum>> entries() {
        return sums.entrySet().stream();
    }
}
