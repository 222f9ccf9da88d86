#!/usr/bin/env node
import '../dist/fuzz-input/main.js'
