/** What needs the drawing engine, in one file of its own. */
export { DrawnAuditRoom } from './audit/drawn-audit-room';
export { ShapesOver } from './data/shapes-over';
export { DrawnLabelRoom } from './label/drawn-label-room';
