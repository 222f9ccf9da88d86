#!/usr/bin/env node
import '../dist/chaos/main.js'
