import { useEffect, useState } from 'preact/hooks';
import { getRefused } from '../api/client';
import type { RefusedFile } from '../api/types';
import { tellProblem } from '../state/notices';
import { plural } from '../words/numbers';

/** The files that were refused, each with its sentence. */
export function Refused({ count: total, open }: { count: number; open?: boolean }) {
  const [files, setFiles] = useState<RefusedFile[]>([]);
  useEffect(() => {
    getRefused().then(setFiles, tellProblem);
  }, [total]);
  return (
    <details class="data-table" open={open} data-testid="refused">
      <summary>{plural(total, 'file')} could not be imported</summary>
      <ul class="refused">
        {files.map((file) => (
          <li key={file.file}>
            <code>{file.file}</code>
            <span>{file.reason}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
