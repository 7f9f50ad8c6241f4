package dco;

import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.neo4j.kernel.lifecycle.LifecycleAdapter;

/**
 * Who may call: whoever holds the key. A proof is an HMAC over this server's identity, the procedure's name, its
 * arguments, a nonce and a time of expiry. The identity is new at every start, so that no proof outlives the memory of
 * nonces, and none is good for another server.
 */
final class Access extends LifecycleAdapter {
    /** No proof may last longer, so that the memory of nonces stays small. */
    static final long LONGEST_MILLIS = 300_000;

    private static final String ALGORITHM = "HmacSHA256";

    private final String identity = UUID.randomUUID().toString();
    private final KeyFile keyFile;
    private final LongSupplier clock;
    private final Map<String, Long> expiryByNonce = new ConcurrentHashMap<>();

    Access(KeyFile keyFile, LongSupplier clock) {
        this.keyFile = keyFile;
        this.clock = clock;
    }

    /** What a proof for this server must name. */
    String identity() {
        return identity;
    }

    /** This server's time, in milliseconds, by which proofs expire. */
    long now() {
        return clock.getAsLong();
    }

    /** Returns if the proof allows this very call, once; refuses otherwise and says which check failed. */
    void check(String procedure, List<Object> arguments, Map<String, Object> proof) {
        if (!(proof.get("nonce") instanceof String nonce)
                || !(proof.get("expires") instanceof Long expires)
                || !(proof.get("mac") instanceof String mac)) {
            throw Refusal.forbidden(procedure + " needs a proof with nonce, expires and mac.");
        }
        byte[] given = decode(mac);
        boolean fits = false;
        for (byte[] key : keyFile.read()) {
            fits |= MessageDigest.isEqual(given, sign(key, procedure, arguments, nonce, expires));
        }
        if (!fits) {
            throw Refusal.forbidden("The proof does not fit this call of " + procedure + " on this server.");
        }
        long now = now();
        if (expires <= now) {
            throw Refusal.forbidden("The proof has expired.");
        }
        if (expires > now + LONGEST_MILLIS) {
            throw Refusal.forbidden("The proof would last longer than " + LONGEST_MILLIS / 1000 + " s.");
        }
        expiryByNonce.values().removeIf(end -> end <= now);
        if (expiryByNonce.putIfAbsent(nonce, expires) != null) {
            throw Refusal.forbidden("The proof was used before.");
        }
    }

    private byte[] sign(byte[] key, String procedure, List<Object> arguments, String nonce, long expires) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(new SecretKeySpec(key, ALGORITHM));
            try (DataOutputStream out = new DataOutputStream(into(mac))) {
                Canonical.write(List.of("dco", identity, procedure, arguments, nonce, expires), out);
            }
            return mac.doFinal();
        } catch (GeneralSecurityException | IOException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    private static OutputStream into(Mac mac) {
        return new OutputStream() {
            @Override
            public void write(int one) {
                mac.update((byte) one);
            }

            @Override
            public void write(byte[] bytes, int offset, int length) {
                mac.update(bytes, offset, length);
            }
        };
    }

    private static byte[] decode(String hexadecimal) {
        try {
            return HexFormat.of().parseHex(hexadecimal);
        } catch (IllegalArgumentException notHexadecimal) {
            return new byte[0];
        }
    }
}
