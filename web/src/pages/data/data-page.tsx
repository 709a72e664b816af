/** All images as a grid, with filters; a click opens one. */
import { useEffect, useMemo, useState } from 'preact/hooks';
import { getImages, type ImageQuery } from '../../api/client';
import { Refused } from '../../parts/refused';
import { Shell } from '../../parts/shell';
import { navigate, place } from '../../router';
import { onServerEvent, project } from '../../state/project';
import { plural } from '../../words/numbers';
import { Detail } from './detail';
import { FilterBar } from './filter-bar';
import { addressFromQuery, queryFromAddress } from './filters';
import { Grid } from './grid';
import { createImageList } from './image-list';

/** Others may label while the list is open; it follows at this pace. */
const REFRESH_MS = 1000;

export function DataPage() {
  const search = place.value.query;
  const query = useMemo(() => queryFromAddress(search), [search]);
  const list = useMemo(
    () => createImageList((offset, limit, signal) => getImages({ ...query, offset, limit }, signal)),
    [query],
  );
  const [open, setOpen] = useState<number | null>(null);
  const total = list.total.value;

  useEffect(() => {
    list.show(0, 1);
    let timer = 0;
    const stop = onServerEvent((kind) => {
      if (kind !== 'project' || timer !== 0) return;
      timer = window.setTimeout(() => {
        timer = 0;
        list.refresh();
      }, REFRESH_MS);
    });
    return () => {
      stop();
      window.clearTimeout(timer);
      list.dispose();
    };
  }, [list]);

  const change = (next: ImageQuery): void => {
    navigate(addressFromQuery(next), true);
  };

  const refused = project.value?.counts.refused ?? 0;
  return (
    <Shell title="Data" wide>
      <div class="data">
        <h1 class="visually-hidden">Data</h1>
        <FilterBar query={query} onChange={change} />
        <p class="data-total quiet" role="status" aria-live="polite" data-testid="total">
          {list.problem.value ?? (total === null ? 'Counting…' : plural(total, 'image'))}
        </p>
        {refused > 0 && Object.keys(query).length === 0 && <Refused count={refused} />}
        {total === 0 ? (
          <div class="empty empty-page">
            <h2>No image passes these filters</h2>
            <button
              type="button"
              onClick={() => {
                change({});
              }}
            >
              Show all
            </button>
          </div>
        ) : (
          <Grid list={list} onOpen={setOpen} filter={search} />
        )}
      </div>
      {open !== null && (
        <Detail
          list={list}
          index={open}
          onMove={setOpen}
          onClose={() => {
            setOpen(null);
          }}
        />
      )}
    </Shell>
  );
}
