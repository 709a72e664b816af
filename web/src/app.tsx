/** Which screen the address shows. */
import { useEffect } from 'preact/hooks';
import { AuditPage } from './pages/audit/audit-page';
import { DataPage } from './pages/data/data-page';
import { HomePage } from './pages/home/home-page';
import { LabelPage } from './pages/label/label-page';
import { ModelPage } from './pages/model/model-page';
import { ReleasePage } from './pages/release/release-page';
import { SettingsPage } from './pages/settings/settings-page';
import { Shell } from './parts/shell';
import { isPath, place, type Path } from './router';
import { project } from './state/project';

const PAGES: Record<Path, { title: string; page: () => preact.JSX.Element }> = {
  '/': { title: '', page: HomePage },
  '/label': { title: 'Label', page: LabelPage },
  '/audit': { title: 'Audit', page: AuditPage },
  '/data': { title: 'Data', page: DataPage },
  '/model': { title: 'Model', page: ModelPage },
  '/release': { title: 'Release', page: ReleasePage },
  '/settings': { title: 'Settings', page: SettingsPage },
};

export function App() {
  const { path } = place.value;
  const found = isPath(path) ? PAGES[path] : undefined;
  const name = project.value?.settings.name ?? 'AutoLabel';
  const title = found === undefined || found.title === '' ? name : `${found.title} · ${name}`;
  useEffect(() => {
    document.title = title;
  }, [title]);
  if (found === undefined) return <Lost />;
  const Page = found.page;
  return <Page key={path} />;
}

function Lost() {
  return (
    <Shell title="Not found">
      <div class="empty empty-page">
        <h1>There is nothing at this address</h1>
        <a class="button" href="/">
          Home
        </a>
      </div>
    </Shell>
  );
}
