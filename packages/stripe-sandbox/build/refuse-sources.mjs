/** `npm pack` here would pack TypeScript that Node does not run below `node_modules`. */
process.stderr.write("Build first: npm run build; then: npm pack ./packages/stripe-sandbox/dist\n");
process.exit(1);
