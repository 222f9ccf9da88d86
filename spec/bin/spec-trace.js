#!/usr/bin/env node
import { main } from '../dist/trace/main.js'

process.exitCode = main(process.argv.slice(2), console.log)
