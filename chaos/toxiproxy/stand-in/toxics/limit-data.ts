import type { ToxicType } from '../stage.ts';

/** Closes the connection once `bytes` have passed. The count continues when the limit changes. */
export const limitData: ToxicType<'bytes'> = {
  type: 'limit_data',
  attributes: ['bytes'],
  stage(attributes, out) {
    let passed = 0;
    return {
      push: ({ data, atMs }) => {
        const room = Math.max(attributes.bytes - passed, 0);
        const part = data.subarray(0, room);
        passed += part.length;
        if (part.length > 0) out.push({ data: part, atMs });
        if (passed >= attributes.bytes) out.end();
      },
      end: () => out.end(),
      run: () => {},
      release: () => {},
      discard: () => {},
      hasRoom: () => true,
    };
  },
};
