package io.twinhype.guest;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Names content: what is cached under this name never has to be compared. */
final class ContentHash {
    private ContentHash() {}

    static String of(byte[] content) {
        return of(new byte[][] {content});
    }

    static String of(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 12);
        } catch (NoSuchAlgorithmException absent) {
            // Every Java platform has it (java.security.MessageDigest).
            throw new AssertionError("no SHA-256", absent);
        }
    }
}
