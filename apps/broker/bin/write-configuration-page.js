#!/usr/bin/env node
import { writeFileSync } from 'node:fs'
import { configurationPage } from '../dist/configuration-page.js'

writeFileSync(new URL('../../../docs/configuration.md', import.meta.url), configurationPage())
