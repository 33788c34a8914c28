run(`ls -l`)
