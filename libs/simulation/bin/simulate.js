#!/usr/bin/env node
import '../dist/cluster/command/main.js'
