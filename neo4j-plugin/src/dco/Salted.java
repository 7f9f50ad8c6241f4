package dco;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;

/**
 * Makes fingerprints under a salt that nobody knows before the comparison: so nobody can have stored content whose
 * fingerprints add up to those of another. Not for two threads.
 */
final class Salted {
    private static final int SHA_256_BYTES = 32;

    private final byte[] salt;
    private final MessageDigest sha;
    private final Bytes bytes = new Bytes();
    private final DataOutputStream out = new DataOutputStream(bytes);
    private final byte[] sum = new byte[SHA_256_BYTES];
    private final ByteBuffer words = ByteBuffer.wrap(sum);

    Salted(byte[] salt) {
        this.salt = salt;
        try {
            sha = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Sums up what the writer writes, after the salt. */
    Digest of(Digest.Writer writer) {
        try {
            bytes.reset();
            writer.write(out);
            sha.update(salt);
            bytes.giveTo(sha);
            sha.digest(sum, 0, SHA_256_BYTES);
            return new Digest(words.getLong(0), words.getLong(Long.BYTES));
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        } catch (DigestException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Sums up a property: its key and its value. */
    Digest ofProperty(String key, Object value) {
        return of(to -> {
            ValueBytes.writeBlock('k', key.getBytes(StandardCharsets.UTF_8), to);
            ValueBytes.write(value, to);
        });
    }

    /** What a writer writes. */
    static byte[] bytes(Digest.Writer writer) {
        try {
            ByteArrayOutputStream written = new ByteArrayOutputStream();
            writer.write(new DataOutputStream(written));
            return written.toByteArray();
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
    }

    /** Hands its bytes on without a copy. */
    private static final class Bytes extends ByteArrayOutputStream {
        void giveTo(MessageDigest digest) {
            digest.update(buf, 0, count);
        }
    }
}
