import { CERTIFICATE_PAGE_URL, CERTIFICATE_URL } from '../../api/client';

export function CertificateStep({ certified }: { certified: boolean }) {
  if (!certified) {
    return (
      <p class="quiet">
        A signed page that says how many labels people and program gave, how good they are at least, and how
        that was checked. It is issued when the audit certifies the target.
      </p>
    );
  }
  return (
    <div data-testid="certificate">
      <p class="lead">The certificate is signed and ready.</p>
      <p class="form-line">
        <a
          class="button button-primary"
          href={CERTIFICATE_PAGE_URL}
          target="_blank"
          rel="noopener"
          data-testid="certificate-page"
        >
          View and print
        </a>
        <a class="button" href={CERTIFICATE_URL} download="certificate.json" data-testid="certificate-json">
          Download JSON
        </a>
      </p>
    </div>
  );
}
