using MobileVlm.Edge.Deploy.Configuration;
using MobileVlm.Edge.Inference.Teaching.Learning;
using MobileVlm.Edge.Tools.Documents;

var docs = Path.Combine(DemoModel.Repository, "Deploy", "docs");
switch (args)
{
    case ["configuration"]:
        using (var writer = new StreamWriter(Path.Combine(docs, "configuration.md")))
        {
            ConfigurationReference.WriteMarkdown(writer);
        }

        return 0;
    case ["messages"]:
        File.WriteAllText(Path.Combine(docs, "messages.md"), MessageReference.Page(Path.Combine(docs, "schemas")));
        return 0;
    case ["scores"]:
        ScoresPage.Write(docs);
        return 0;
    case ["precision-demo"]:
        var folder = Directory.CreateTempSubdirectory("mobilevlm-loss-").FullName;
        try
        {
            Console.WriteLine(DemoLossTable.Header);
            foreach (var loss in DemoLossTable.Measure(DemoLossTable.Precisions, HeldOutScene.Load(), folder))
            {
                Console.WriteLine(loss.ToRow());
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    case ["precision-golden"]:
        Console.Write(GoldenLossTable.Tables());
        return 0;
    case ["teach"]:
        var plotted = new List<(TaughtCase, IReadOnlyList<(int, TaughtDraw[])>)>();
        (TaughtCase Asked, IReadOnlyList<LabelledSample> Samples)[] read = [.. TeachTable.Cases.Zip(TeachTable.RenderedSamples(DemoModel.Folder, TeachTable.Cases))];
        Console.WriteLine(TeachTable.Header);
        foreach (var (asked, samples) in read)
        {
            var sizes = new List<(int, TaughtDraw[])>();
            foreach (var each in TeachTable.Sizes)
            {
                sizes.Add((each, TeachTable.Draw(samples, each, TeachTable.Draws)));
                Console.WriteLine(TeachTable.Row(asked, each, sizes[^1].Item2));
            }

            plotted.Add((asked, sizes));
        }

        Console.WriteLine();
        Console.WriteLine(TeachFlips.Header);
        foreach (var (asked, samples) in read)
        {
            var ceiling = TeachFlips.Ceiling(samples);
            foreach (var each in TeachFlips.Sizes)
            {
                Console.WriteLine(TeachFlips.Row(asked, each, TeachFlips.Draw(samples, each, 30), ceiling));
            }
        }

        File.WriteAllBytes(Path.Combine(docs, "teach.png"), TeachPlot.Draw(plotted));
        return 0;
    default:
        Console.Error.WriteLine(
            """
            Writes the parts of Deploy/docs that are measured or generated:
              dotnet run --project Tests/Tools/Documents -c Release -- PAGE
            PAGE is
              configuration     configuration.md, from the options
              messages          messages.md, from the schemas
              scores            scores.md and scores.png: are the demo model's scores probabilities? (a minute)
              precision-demo    prints measured-losses.md's table of the demo's model (some minutes)
              teach             teach.png, and prints taught-accuracy.md's table of the demo's model (some minutes)
              precision-golden  prints measured-losses.md's tables of the golden models (some minutes)
            """);
        return 2;
}
