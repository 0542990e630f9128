/** The matrix of a run in `result.json`: its cells, and how they compare. */
import { z } from 'zod';
import { estimateSchema, text } from './schema-values.ts';

/** Of a cell and its control. `same`: the whole interval lies within the margin. */
const MATRIX_FINDINGS = ['better', 'worse', 'same', 'not shown'] as const;

/** What a matrix compared: each cell with its control, metric by metric. */
const matrixComparison = z.strictObject({
  metric: text,
  /** Ids of cells. */
  cell: text,
  control: text,
  /** The cell over its control, within rounds. */
  ratio: estimateSchema,
  finding: z.enum(MATRIX_FINDINGS),
  /** Where no difference was shown: the smallest ratio above 1 that nine of ten such runs would show. */
  detectable: z.number().gt(1).optional(),
});

/** A run of a matrix suite: where each cell stands, and how the cells compare. */
export const matrix = z.strictObject({
  /** Names, then keys of zoo.cfg, each with its values in the order of the suite. */
  axes: z.array(z.strictObject({ name: text, values: z.array(text).min(1) })).min(1),
  cells: z
    .array(
      z.strictObject({
        id: text,
        topology: text,
        condition: text,
        /** By the name of the axis. */
        coordinates: z.record(text, text),
        tags: z.array(text),
        /** Id of the cell that it is compared with; null for a control. */
        control: text.nullable(),
      }),
    )
    .min(1),
  /** A ratio whose interval is this near to 1 is no difference, in percent. */
  marginPercent: z.number().positive(),
  comparisons: z.array(matrixComparison),
});
