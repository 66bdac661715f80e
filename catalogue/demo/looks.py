"""What each demo product looks like; its names and prices stand in products.csv."""

from catalogue.demo import motifs, packs
from catalogue.demo.packs import Pack
from catalogue.demo.printing import Print

LOOKS: dict[str, tuple[Pack, Print]] = {
    "WATER-600": (
        packs.bottle,
        Print("Spring water", "600 ml", motifs.drop, "#a9d3ee", "#1f5fa8", "#ffffff", "#7fb9e2", "#a9d3ee"),
    ),
    "WATER-1500": (
        packs.bottle,
        Print(
            "Spring water", "1.5 litres", motifs.waves, "#b7dcf2", "#0f4c8a", "#ffffff", "#5ca3d6", "#8cc5ea"
        ),
    ),
    "SPARKLING-330": (
        packs.can,
        Print("Sparkling", "330 ml", motifs.bubbles, "#2c8f86", "#eafaf7", "#0c4f49", "#bfe9e2", "#2c8f86"),
    ),
    "COLA-330": (
        packs.can,
        Print("Cola", "330 ml", motifs.star, "#b01722", "#ffffff", "#b01722", "#6d0d14", "#ffffff"),
    ),
    "LEMONADE-330": (
        packs.can,
        Print("Lemonade", "330 ml", motifs.citrus, "#e9c52f", "#fffbe6", "#7a5c00", "#7fb539", "#fff6c4"),
    ),
    "ORANGE-1L": (
        packs.carton,
        Print(
            "Orange juice", "1 litre", motifs.citrus, "#f2912b", "#ffffff", "#d9730b", "#f2912b", "#ffd9a6"
        ),
    ),
    "MANGO-1L": (
        packs.carton,
        Print("Mango juice", "1 litre", motifs.sun, "#f0b428", "#fff8e4", "#b3650a", "#e58a1c", "#f6cf6d"),
    ),
    "GRAPE-1L": (
        packs.carton,
        Print("Grape juice", "1 litre", motifs.berry, "#6a3b8f", "#f6effc", "#4b2370", "#8f63b5", "#b592d6"),
    ),
    "MILK-1L": (
        packs.jug,
        Print("Fresh milk", "1 litre", motifs.cow, "#f4f6f8", "#dfe9f7", "#1e4ea3", "#2f68c9", "#2f68c9"),
    ),
    "MILK-LOW-1L": (
        packs.jug,
        Print("Low-fat milk", "1 litre", motifs.cow, "#f4f6f8", "#e3f2ec", "#17705a", "#2b9c7d", "#2b9c7d"),
    ),
    "LABAN-1L": (
        packs.jug,
        Print("Laban", "1 litre", motifs.drop, "#f6f6f2", "#eaf4fb", "#0d5b8c", "#2c86bd", "#b7dcf2"),
    ),
    "YOGHURT-170": (
        packs.tub,
        Print("Yoghurt", "170 g", motifs.cow, "#eef3f9", "#d7e6f7", "#1d4f9c", "#2f78cf", "#2f78cf"),
    ),
    "STRAWBERRY-170": (
        packs.tub,
        Print(
            "Strawberry yoghurt", "170 g", motifs.berry, "#fbeef1", "#f9d5de", "#b3213f", "#d8385a", "#d8385a"
        ),
    ),
    "LABNEH-400": (
        packs.tub,
        Print("Labneh", "400 g", motifs.olive, "#f5f5ec", "#e6efd6", "#47661d", "#7a9a3a", "#7a9a3a"),
    ),
    "FETA-400": (
        packs.box,
        Print("White cheese", "400 g", motifs.leaf, "#e7eef2", "#ffffff", "#2a5d7c", "#5b93b5", "#8fb9d2"),
    ),
    "BUTTER-200": (
        packs.block,
        Print("Butter", "200 g", motifs.sun, "#f5d976", "#fff6d6", "#8a5a00", "#e0a92c", "#f7e29a"),
    ),
    "TOAST-600": (
        packs.bag,
        Print("Brown toast", "600 g", motifs.wheat, "#b98147", "#fdf3e3", "#6e4215", "#7a4a1c", "#d8a766"),
    ),
    "ARABIC-BREAD": (
        packs.bag,
        Print(
            "Arabic bread", "5 pieces", motifs.wheat, "#d9b27c", "#fffaf0", "#7b5022", "#a9773a", "#c89a5a"
        ),
    ),
    "BURGER-BUNS": (
        packs.bag,
        Print("Burger buns", "6 pieces", motifs.sun, "#c9893f", "#fff5e4", "#7a4311", "#8f5520", "#e6b97b"),
    ),
    "RUSK-350": (
        packs.box,
        Print("Rusk", "350 g", motifs.wheat, "#c98c3d", "#fdf0d9", "#6a3f0d", "#8f5a1c", "#dba860"),
    ),
    "CROISSANT-6": (
        packs.box,
        Print("Croissants", "6 pieces", motifs.sun, "#e4bb6e", "#fffaf0", "#7d4b12", "#b97a2b", "#f0d29a"),
    ),
    "RICE-5KG": (
        packs.sack,
        Print("Basmati rice", "5 kg", motifs.wheat, "#e9dcc3", "#6f2420", "#fbf1dc", "#d9a632", "#e8b84a"),
    ),
    "FLOUR-2KG": (
        packs.sack,
        Print("Flour", "2 kg", motifs.wheat, "#f2eee4", "#2d5a88", "#ffffff", "#8fb2d4", "#cfe0f0"),
    ),
    "SUGAR-2KG": (
        packs.sack,
        Print("Sugar", "2 kg", motifs.star, "#f6f6f8", "#a3224d", "#ffffff", "#e06a93", "#f4b6cb"),
    ),
    "PASTA-500": (
        packs.bag,
        Print("Penne", "500 g", motifs.wheat, "#1f5a8f", "#fff6df", "#1f4a78", "#e9b93c", "#e9b93c"),
    ),
    "CHICKPEAS-400": (
        packs.tin,
        Print("Chickpeas", "400 g", motifs.sun, "#c9ccd1", "#fbeccb", "#6b4a12", "#d98f2b", "#d98f2b"),
    ),
    "FAVA-400": (
        packs.tin,
        Print("Fava beans", "400 g", motifs.bean, "#c9ccd1", "#e3efcf", "#3f5a1a", "#7d9a3a", "#9bb75a"),
    ),
    "TOMATO-400": (
        packs.tin,
        Print(
            "Chopped tomatoes", "400 g", motifs.tomato, "#c9ccd1", "#fbe0d6", "#a3261a", "#c93a2a", "#5a8f3a"
        ),
    ),
    "TUNA-185": (
        packs.tin,
        Print("Tuna", "in oil, 185 g", motifs.waves, "#c9ccd1", "#d6e9f5", "#134f7c", "#2b86bd", "#7fbfe2"),
    ),
    "OLIVE-OIL-750": (
        packs.slim_bottle,
        Print("Olive oil", "750 ml", motifs.olive, "#7d8a2b", "#f7f3df", "#4b5518", "#4b5518", "#7d8a2b"),
    ),
    "VINEGAR-500": (
        packs.slim_bottle,
        Print("Apple vinegar", "500 ml", motifs.leaf, "#c98a3a", "#fdf4e2", "#7a4a12", "#6d8f2e", "#9bb84a"),
    ),
    "TAHINI-400": (
        packs.jar,
        Print("Tahini", "400 g", motifs.nut, "#cda468", "#fff6e5", "#6d4716", "#8a5a1c", "#e2c088"),
    ),
    "HONEY-500": (
        packs.jar,
        Print("Sidr honey", "500 g", motifs.flower, "#d9820f", "#fff6df", "#6b3a05", "#b9680c", "#f2b04a"),
    ),
    "JAM-450": (
        packs.jar,
        Print("Fig jam", "450 g", motifs.berry, "#6f2a4a", "#fbeef3", "#5a1d3a", "#a34a72", "#8f3f66"),
    ),
    "OLIVES-350": (
        packs.jar,
        Print("Green olives", "350 g", motifs.olive, "#8a9a3b", "#f6f8e4", "#4b5a18", "#5f7020", "#8a9a3b"),
    ),
    "CORNFLAKES-375": (
        packs.box,
        Print("Corn flakes", "375 g", motifs.sun, "#e8a21f", "#fff6de", "#9a4a05", "#c9301f", "#f6cf6d"),
    ),
    "OATS-500": (
        packs.tin,
        Print("Rolled oats", "500 g", motifs.wheat, "#c9ccd1", "#f3e6cf", "#6a4a1f", "#a8793a", "#cfa567"),
    ),
    "SALT-700": (
        packs.box,
        Print("Table salt", "700 g", motifs.waves, "#1e5fa0", "#eef6fd", "#164a80", "#6fa8dc", "#a9cdee"),
    ),
    "CHIPS-160": (
        packs.bag,
        Print("Sea salt chips", "160 g", motifs.chip, "#1f6f78", "#ffffff", "#124a50", "#e0b23a", "#f0cf72"),
    ),
    "CHIPS-CHILI-160": (
        packs.bag,
        Print("Chili chips", "160 g", motifs.chip, "#b5281d", "#fff4ef", "#8a1710", "#f0a52b", "#f6c25a"),
    ),
    "POPCORN-90": (
        packs.bag,
        Print("Popcorn", "90 g", motifs.flower, "#d8384a", "#ffffff", "#a81c30", "#f6d46a", "#fff2c4"),
    ),
    "NUTS-300": (
        packs.bag,
        Print("Mixed nuts", "300 g", motifs.nut, "#3b2a20", "#f7ead6", "#4a2f18", "#c58a3f", "#d9a868"),
    ),
    "ALMONDS-250": (
        packs.jar,
        Print("Almonds", "250 g", motifs.nut, "#a8733a", "#fdf3e2", "#6a4014", "#c99a5a", "#dcb27a"),
    ),
    "CHOCOLATE-100": (
        packs.bar,
        Print("Dark chocolate", "100 g", motifs.star, "#4a2c1d", "#f7e9d3", "#4a2c1d", "#c9923a", "#e2b866"),
    ),
    "WAFER-45": (
        packs.bar,
        Print("Hazelnut wafer", "45 g", motifs.nut, "#c0392b", "#fff3e0", "#7d2318", "#e7b24a", "#f0cb7a"),
    ),
    "GRANOLA-40": (
        packs.bar,
        Print("Granola bar", "40 g", motifs.wheat, "#5a7d2b", "#fbf6e4", "#3f5a18", "#c9a13a", "#e0c36a"),
    ),
    "BISCUITS-200": (
        packs.box,
        Print("Tea biscuits", "200 g", motifs.flower, "#2f4f8f", "#f5ead2", "#2a3f73", "#d9a84a", "#e9c87f"),
    ),
    "DATES-500": (
        packs.box,
        Print("Ajwa dates", "500 g", motifs.date, "#5a2f1a", "#f6e7cf", "#4a2412", "#c08a3a", "#8a5a2c"),
    ),
    "DATES-1KG": (
        packs.tub,
        Print("Sukkari dates", "1 kg", motifs.date, "#f0e2c6", "#e2c48f", "#6a4414", "#b07a2c", "#c8964a"),
    ),
    "MAAMOUL-350": (
        packs.flat_box,
        Print("Maamoul", "350 g", motifs.star, "#1f6b52", "#f7edd8", "#174f3c", "#c9a24a", "#e2c684"),
    ),
    "HALVA-400": (
        packs.tub,
        Print("Halva", "400 g", motifs.nut, "#f3ead6", "#e4d0a6", "#6d4a1a", "#b98d4a", "#cfa868"),
    ),
    "DIBS-450": (
        packs.jar,
        Print("Date syrup", "450 g", motifs.date, "#3f1f12", "#f6e3c6", "#4a2412", "#8a5528", "#a8703a"),
    ),
    "TEA-100": (
        packs.box,
        Print("Black tea", "100 bags", motifs.leaf, "#b3282d", "#fbefcf", "#7d1217", "#3a7d3a", "#5fa04a"),
    ),
    "GREEN-TEA-50": (
        packs.box,
        Print("Green tea", "50 bags", motifs.leaf, "#3f7d3a", "#f2f8e4", "#2a5a26", "#8ab84a", "#a9cf6a"),
    ),
    "ARABIC-COFFEE": (
        packs.bag,
        Print("Arabic coffee", "250 g", motifs.bean, "#8a6a3a", "#f8efdc", "#5a3f16", "#c9a24a", "#b58a4a"),
    ),
    "ESPRESSO-250": (
        packs.bag,
        Print("Espresso beans", "250 g", motifs.bean, "#2a1a14", "#f3e4d2", "#3f2416", "#b5793a", "#7a4a28"),
    ),
    "CARDAMOM-50": (
        packs.jar,
        Print("Cardamom", "50 g", motifs.leaf, "#6d9a4a", "#f4f8e8", "#3f5f22", "#4a7a2a", "#8fb86a"),
    ),
    "SAFFRON-1": (
        packs.flat_box,
        Print("Saffron", "1 gram", motifs.flower, "#8f1d2c", "#fdf0e0", "#7a1322", "#d9982b", "#e0562b"),
    ),
    "DETERGENT-3KG": (
        packs.sack,
        Print(
            "Laundry powder", "3 kg", motifs.bubbles, "#e4eefb", "#2a5fb5", "#ffffff", "#7fb0ee", "#cfe2fb"
        ),
    ),
    "DISH-750": (
        packs.pump,
        Print("Dish soap", "750 ml", motifs.citrus, "#9fcf3f", "#f7fde6", "#3f6a0f", "#5f9a1f", "#d9ee9a"),
    ),
    "GLASS-750": (
        packs.spray,
        Print(
            "Glass cleaner", "750 ml", motifs.bubbles, "#8fd0e6", "#ffffff", "#0f6f8f", "#1f9ac0", "#8fd0e6"
        ),
    ),
    "BLEACH-1L": (
        packs.jug,
        Print("Bleach", "1 litre", motifs.bolt, "#f2f4f7", "#fff0c2", "#8a5a00", "#e0a11f", "#e0a11f"),
    ),
    "TISSUES-200": (
        packs.block,
        Print(
            "Soft tissues", "200 sheets", motifs.flower, "#bcd6f4", "#ffffff", "#1f4f9a", "#5f93d6", "#8fb6ea"
        ),
    ),
    "BAGS-30": (
        packs.flat_box,
        Print("Bin bags", "30 pieces", motifs.leaf, "#3a3f47", "#e6efe2", "#2f4a2a", "#5f9a4a", "#8fbf7a"),
    ),
    "BATTERY-AA4": (
        packs.flat_box,
        Print("AA batteries", "4 pieces", motifs.bolt, "#1f2329", "#f6f0df", "#2a2f36", "#d9822b", "#f0a84a"),
    ),
    "TOOTHPASTE-100": (
        packs.tube,
        Print(
            "Mint toothpaste", "100 ml", motifs.leaf, "#e8f4ee", "#17856a", "#ffffff", "#0f6a52", "#8fe0c4"
        ),
    ),
    "HANDWASH-300": (
        packs.pump,
        Print("Hand wash", "300 ml", motifs.flower, "#f2a9bd", "#ffffff", "#b52a54", "#d9507a", "#f6c64a"),
    ),
    "SHAMPOO-400": (
        packs.pump,
        Print("Argan shampoo", "400 ml", motifs.drop, "#c9932f", "#fff7e2", "#7a4f0a", "#9a6a12", "#e6bf6a"),
    ),
    "CREAM-75": (
        packs.tube,
        Print("Hand cream", "75 ml", motifs.flower, "#fbe9ee", "#c7557a", "#ffffff", "#9a3458", "#f9c6d4"),
    ),
    "SOAP-4": (
        packs.block,
        Print("Olive soap", "4 bars", motifs.olive, "#b9c47a", "#fbfbea", "#4f5a1a", "#7a8a2e", "#8a9a3b"),
    ),
    "PARACETAMOL-24": (
        packs.flat_box,
        Print(
            "Paracetamol 500 mg",
            "24 tablets",
            motifs.cross,
            "#ffffff",
            "#e3eefb",
            "#1c4fa3",
            "#ffffff",
            "#2f78d9",
        ),
    ),
    "VITAMIN-C-20": (
        packs.tube,
        Print(
            "Vitamin C", "20 tablets", motifs.citrus, "#fdeccd", "#e8851f", "#ffffff", "#c9640c", "#ffd48a"
        ),
    ),
    "SALINE-30": (
        packs.spray,
        Print("Saline spray", "30 ml", motifs.drop, "#e6f1f6", "#d3ebf3", "#0e5f7d", "#2a93b8", "#7fcbe2"),
    ),
    "PLASTERS-40": (
        packs.flat_box,
        Print("Plasters", "40 pieces", motifs.cross, "#fdf1e6", "#f7d9bd", "#8a3f12", "#ffffff", "#d9622b"),
    ),
    "COUGH-150": (
        packs.bottle,
        Print("Cough syrup", "150 ml", motifs.leaf, "#6a3514", "#fbf3e2", "#4a5f1d", "#ffffff", "#7a9a3a"),
    ),
}
