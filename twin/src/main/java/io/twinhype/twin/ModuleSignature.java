package io.twinhype.twin;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;

/**
 * The signature at the end of a module file: a detached CMS message, {@code struct module_signature} and a mark
 * (include/linux/module_signature.h).
 */
final class ModuleSignature {
    private static final byte[] MARK = "~Module signature appended~\n".getBytes(StandardCharsets.US_ASCII);
    /** {@code struct module_signature}: eight bytes, of which the third is the type, and the message's length. */
    private static final int TRAILER_BYTES = 12;

    private static final int TYPE_OFFSET = 2;
    private static final int LENGTH_OFFSET = 8;
    private static final int PKEY_ID_PKCS7 = 2;

    private final int content;
    private final byte[] message;

    private ModuleSignature(int content, byte[] message) {
        this.content = content;
        this.message = message;
    }

    /** How many bytes of the file are the module, which is what is signed. */
    int content() {
        return content;
    }

    /** The CMS message, DER. */
    byte[] message() {
        return message.clone();
    }

    /** The signature of a file; empty if it has none. */
    static Optional<ModuleSignature> of(Path file) throws IOException, SigningException {
        byte[] bytes = Files.readAllBytes(file);
        int trailer = bytes.length - MARK.length - TRAILER_BYTES;
        if (trailer < 0 || !Arrays.equals(bytes, bytes.length - MARK.length, bytes.length, MARK, 0, MARK.length)) {
            return Optional.empty();
        }
        int length = ByteBuffer.wrap(bytes).getInt(trailer + LENGTH_OFFSET);
        if (bytes[trailer + TYPE_OFFSET] != PKEY_ID_PKCS7 || length <= 0 || length > trailer) {
            throw new SigningException("The signature at the end of " + file + " is damaged; sign the module again.");
        }
        return Optional.of(new ModuleSignature(trailer - length, Arrays.copyOfRange(bytes, trailer - length, trailer)));
    }
}
