import { exportUrl } from '../../api/client';
import { asksFindings, drawingTask, project } from '../../state/project';
import { plural } from '../../words/numbers';

const FORMATS: { format: Parameters<typeof exportUrl>[0]; name: string; what: string }[] = [
  { format: 'csv', name: 'CSV', what: 'one line an image, with who gave the label' },
  { format: 'jsonl', name: 'JSON Lines', what: 'everything that is known, for programs' },
  { format: 'coco', name: 'COCO', what: 'images, shapes and categories as COCO writes them' },
  { format: 'folders', name: 'Class folders', what: 'the images sorted by class, as a tar file' },
];

export function Exports() {
  const counts = project.value?.counts;
  const labels = counts === undefined ? 0 : counts.labeled + counts.auto_labeled;
  return (
    <>
      <p class="quiet">
        {plural(labels, 'label')} at this moment. Each says whether an expert or the program gave it.
      </p>
      <ul class="exports">
        {FORMATS.map(({ format, name, what }) => (
          <li key={format}>
            {format === 'folders' && notInFolders() !== null ? (
              <p data-testid="no-export-folders">
                <strong>{name}</strong>
                <span>{notInFolders()}</span>
              </p>
            ) : (
              <a href={exportUrl(format)} download data-testid={`export-${format}`}>
                <strong>{name}</strong>
                <span>{what}</span>
              </a>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Why images cannot be sorted into folders; `null` where they can. */
function notInFolders(): string | null {
  if (drawingTask.value !== null) return 'not for shapes: an image belongs to no class as a whole';
  return asksFindings.value
    ? 'not for findings: an image with two of them would belong in two folders'
    : null;
}
