import {
  anyTextProperty,
  type ConfigKey,
  flag,
  integerProperty,
  oneOf,
  optional,
} from '../properties/key-kinds.ts';

/** Keys of TLS between members. @see docs/security.md "Keys" */
export const quorumTlsKeys = {
  sslQuorum: flag('sslQuorum', false, 'members dial each other with TLS, and accept nothing else'),
  portUnification: flag('portUnification', false, 'members accept each other with TLS and without'),
  sslQuorumReloadCertFiles: flag(
    'sslQuorumReloadCertFiles',
    false,
    'changed key and trust stores are read again',
  ),

  quorumKeyStoreLocation: anyTextProperty(
    'ssl.quorum.keyStore.location',
    'the certificate that this member shows to others, and its private key',
  ),
  quorumKeyStorePassword: anyTextProperty('ssl.quorum.keyStore.password', 'the password of the key store'),
  quorumKeyStorePasswordPath: anyTextProperty(
    'ssl.quorum.keyStore.passwordPath',
    'the file with the password of the key store; it wins over the password',
  ),
  quorumKeyStoreType: anyTextProperty(
    'ssl.quorum.keyStore.type',
    'PEM, PKCS12 or JKS; when absent, the ending of the name says it: .pem, .p12 or .jks',
  ),
  quorumTrustStoreLocation: anyTextProperty(
    'ssl.quorum.trustStore.location',
    "the authorities that issue members' certificates",
  ),
  quorumTrustStorePassword: anyTextProperty(
    'ssl.quorum.trustStore.password',
    'the password of the trust store',
  ),
  quorumTrustStorePasswordPath: anyTextProperty(
    'ssl.quorum.trustStore.passwordPath',
    'the file with the password of the trust store; it wins over the password',
  ),
  quorumTrustStoreType: anyTextProperty(
    'ssl.quorum.trustStore.type',
    'PEM, PKCS12 or JKS, as for the key store',
  ),

  quorumTlsProtocol: anyTextProperty('ssl.quorum.protocol', 'the newest version of TLS; TLSv1.3 when absent'),
  quorumTlsEnabledProtocols: anyTextProperty(
    'ssl.quorum.enabledProtocols',
    'the versions of TLS, with commas between them; when absent, TLSv1.2 to ssl.quorum.protocol',
  ),
  quorumTlsCipherSuites: anyTextProperty(
    'ssl.quorum.ciphersuites',
    'the cipher suites, with commas between them; when absent, those of Node.js',
  ),
  quorumTlsClientAuth: inProperty(
    oneOf(
      'ssl.quorum.clientAuth',
      'need',
      ['none', 'want', 'need'],
      'whether a dialling member shows a certificate',
    ),
  ),
  quorumTlsHostnameVerification: inProperty(
    flag('ssl.quorum.hostnameVerification', true, 'the certificate of a member must be for its host'),
  ),
  quorumTlsClientHostnameVerification: inProperty(
    flag(
      'ssl.quorum.clientHostnameVerification',
      true,
      'the certificate of a dialling member must be for its host too',
    ),
  ),
  quorumTlsCrl: optional(
    inProperty(flag('ssl.quorum.crl', false, 'certificates that their authorities have revoked are refused')),
  ),
  quorumTlsOcsp: inProperty(
    flag(
      'ssl.quorum.ocsp',
      false,
      'responders are asked whether certificates are revoked; where they say nothing, the lists are',
    ),
  ),
  quorumTlsDetectionMs: integerProperty(
    'ssl.quorum.handshakeDetectionTimeoutMillis',
    5000,
    { min: 1, unit: 'ms' },
    'limit on waiting for the first bytes of a peer',
  ),
} satisfies Record<string, ConfigKey<unknown>>;

/**
 * A key that upstream reads as a system property. Upstream takes a bad value for a weaker setting; here it
 * refuses the start.
 */
function inProperty<T>(key: ConfigKey<T>): ConfigKey<T> {
  return { ...key, onlyInFile: false };
}
