package dco;

/**
 * Fingerprints of nodes, kept between the pages of a scan so that the ends of relationships need not be read again. It
 * has a bounded number of places, where a newer node takes an older one's; all may be lost without harm.
 */
final class Colours {
    private static final int WORDS = 3;
    private static final int SHARE_OF_HEAP = 16;

    private final long[] places;

    /** Makes room for so many nodes, but not for more than a sixteenth of the heap. */
    Colours(long nodes) {
        long most = Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP / (WORDS * Long.BYTES);
        places = new long[WORDS * (int) Math.max(1, Math.min(nodes, most))];
    }

    /** Gives a node's fingerprint, or null if it is not known. */
    Digest at(long node) {
        int place = place(node);
        return places[place] == node + 1 ? new Digest(places[place + 1], places[place + 2]) : null;
    }

    void put(long node, Digest digest) {
        int place = place(node);
        places[place] = node + 1;
        places[place + 1] = digest.high();
        places[place + 2] = digest.low();
    }

    private int place(long node) {
        return WORDS * (int) (node % (places.length / WORDS));
    }
}
