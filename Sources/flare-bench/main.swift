await FlareBench.run()
