#!/usr/bin/env node
import '../dist/kill/main.js'
