/** Title bar and navigation of every screen but the reading room. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { cancelJob } from '../api/client';
import { place, type Path } from '../router';
import { connected, project, runningJobs } from '../state/project';
import { tellProblem } from '../state/notices';
import { percent } from '../words/numbers';
import { Banners } from './banners';
import { AwayBanner } from './reading-room';

const LINKS: [Path, string][] = [
  ['/', 'Home'],
  ['/label', 'Label'],
  ['/audit', 'Audit'],
  ['/data', 'Data'],
  ['/model', 'Model'],
  ['/release', 'Release'],
  ['/settings', 'Settings'],
];

export function Shell({
  children,
  title,
  wide,
}: {
  children: ComponentChildren;
  title: string;
  wide?: boolean;
}) {
  const [open, setOpen] = useState(false);
  const { path } = place.value;
  return (
    <div class={wide === true ? 'shell shell-wide' : 'shell'}>
      <a class="skip" href="#content">
        Skip to content
      </a>
      <header class="top">
        <a class="top-name" href="/" data-testid="project-name">
          <Mark />
          <span>{project.value?.settings.name ?? 'AutoLabel'}</span>
        </a>
        <button
          type="button"
          class="top-menu"
          aria-expanded={open}
          aria-controls="navigation"
          onClick={() => {
            setOpen(!open);
          }}
        >
          {title}
        </button>
        <nav
          id="navigation"
          class={open ? 'top-nav top-nav-open' : 'top-nav'}
          aria-label="Screens"
          onClick={() => {
            setOpen(false);
          }}
        >
          {LINKS.map(([href, text]) => (
            <a
              key={href}
              href={href}
              data-testid={`nav-${text.toLowerCase()}`}
              aria-current={path === href ? 'page' : undefined}
            >
              {text}
            </a>
          ))}
        </nav>
        <Work />
      </header>
      <AwayBanner />
      <Banners />
      <main id="content" class="content" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}

/** What the program is doing in the background. */
function Work() {
  if (!connected.value) {
    return (
      <p class="top-work top-work-away" role="status" data-testid="disconnected">
        AutoLabel does not answer
      </p>
    );
  }
  const job = runningJobs.value[0];
  if (job === undefined) return <p class="top-work" />;
  return (
    <p class="top-work" data-testid="job" role="status">
      <span class="pulse" aria-hidden="true" />
      {job.message}
      {job.total > 0 && <span class="quiet"> {percent(job.done / job.total, 0)}</span>}
      {job.kind === 'adapt' && (
        <button
          type="button"
          class="plain work-stop"
          title="Labeling goes on without it; it goes on where it stopped after the next import"
          onClick={() => {
            cancelJob(job.id).catch(tellProblem);
          }}
        >
          Stop
        </button>
      )}
    </p>
  );
}

/** The sign of the product: a ring that is nearly closed. */
export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <circle class="mark-track" cx="10" cy="10" r="7.5" />
      <path class="mark-part" d="M10 2.5A7.5 7.5 0 1 1 2.8 12.1" />
    </svg>
  );
}
