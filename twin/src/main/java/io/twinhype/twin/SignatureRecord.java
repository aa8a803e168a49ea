package io.twinhype.twin;

/**
 * By whom a module was signed; kept beside the signed file as signature.json.
 *
 * @param name the module's name
 * @param identity the build's identity, which signing does not change
 * @param signer the certificate's common name, as {@code modinfo -F signer} shows it
 * @param certificateSha256 the hash of the certificate's DER form, its fingerprint
 * @param validUntil when the certificate ends, ISO 8601
 * @param hashAlgorithm the kernel's CONFIG_MODULE_SIG_HASH, such as sha256
 * @param fileSha256 the hash of the signed file
 */
public record SignatureRecord(
        String name,
        String identity,
        String signer,
        String certificateSha256,
        String validUntil,
        String hashAlgorithm,
        String fileSha256) {}
