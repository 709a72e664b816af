import js from '@eslint/js';
import globals from 'globals';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist', 'node_modules', 'coverage', 'src/api/schema.ts', 'screenshots'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    languageOptions: { globals: { ...globals.browser } },
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      'no-console': 'error',
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    // The viewer knows pixels and gestures only: it imports no component, no page, no state.
    files: ['src/viewer/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['../pages/*', '../parts/*', '../state/*', 'preact', 'preact/*', '@preact/*'] },
      ],
    },
  },
  {
    // Drawing knows the viewer; of the page only its pieces in `ui` do.
    files: ['src/drawing/{core,render,session,tools}/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: ['**/pages/*', '**/parts/*', '**/state/*', '**/ui/*', 'preact', 'preact/*'] },
      ],
    },
  },
  {
    files: ['dev/**/*.mjs', 'e2e/**/*.mjs'],
    languageOptions: { globals: { ...globals.node } },
    rules: { 'no-console': 'off' },
  },
);
