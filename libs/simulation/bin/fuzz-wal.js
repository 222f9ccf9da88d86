#!/usr/bin/env node
import '../dist/fuzz/main.js'
